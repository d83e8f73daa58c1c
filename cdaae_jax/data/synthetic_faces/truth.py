"""The true picture of ANY label for any person of the set; it is known because the people are drawn.

    truth("p000113", "happy=0.7,surprised=0.3", 64)      # uint8 [64, 64, 3]
    truth("p000113", {"AU12": 3.25, "AU1": 2}, 64)
    truth("p000113", vector, 64, space)                   # a LabelSpace's vector, e.g. of FaceDataset.labels

The label need not be in the set: interpolations, exaggerations and unseen combinations have a true picture as well.

Emotions are mixed as AUs: each recipe times its weight, added up and clipped to FACS 0..5. The recipe of `neutral` is
empty, so its weight changes nothing. Weights go up to 1.5.
"""

import functools
import re
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float32, UInt8

from cdaae_jax.data.synthetic_faces import renderer
from cdaae_jax.data.synthetic_faces.action_units import au_vector
from cdaae_jax.data.synthetic_faces.emotions import emotion_aus
from cdaae_jax.data.synthetic_faces.identity import Identity, stack
from cdaae_jax.data.synthetic_faces.portraits import person_number
from cdaae_jax.errors import UserError
from cdaae_jax.labels import EMOTIONS, MAX_AU, MAX_EMOTION, Label, LabelSpace

EMOTION_SPACE = LabelSpace("emotion", EMOTIONS)
AU_SPACE = LabelSpace("au", renderer.AU_NAMES)

_AU = re.compile(r"\s*AU\d", re.IGNORECASE)
# Vectors are float32, written labels are not: with this many decimals both give the same intensities.
_DECIMALS = 5


def truth(
    person: str | Identity, label: Label, size: int, space: LabelSpace | None = None
) -> UInt8[np.ndarray, "size size 3"]:
    """Returns the picture of a person under a label.

    Args:
      person: an id of the set ("p000113"; it need not be in the set that was built), or an `Identity`.
      label: text or mapping of emotions or of AUs (see `LabelSpace.parse`), or a vector of `space`.
      size: side in pixels, 16..512.
      space: what the label is parsed with; only a vector needs it. Without it, text and mappings may name all
        emotions, or all AUs of `action_units.AU_NAMES`.

    Returns:
      uint8 [size, size, 3] sRGB. For a label of the set it is the set's picture, byte for byte where both were drawn
      on the same kind of device with the same libraries; elsewhere a few values may differ by 1.

    Raises:
      UserError: an unknown id, a label that cannot be used, or a size out of range.
    """
    return truth_batch([person], [label], size, space)[0]


def truth_batch(
    people: Sequence[str | Identity], labels: Sequence[Label], size: int, space: LabelSpace | None = None
) -> UInt8[np.ndarray, "n size size 3"]:
    """Returns N pictures, of `people[i]` under `labels[i]`; a single person or label is used for all. See `truth`.

    Raises:
      UserError: as in `truth`, or the numbers of people and labels differ and neither is 1.
    """
    count = max(len(people), len(labels))
    if not people or not len(labels) or {len(people), len(labels)} - {1, count}:
        raise UserError(
            f"{len(people)} people and {len(labels)} labels; give equally many, or a single person or label for all"
        )
    identities = [_identity(person) if isinstance(person, str) else person for person in people]
    rows = [label_aus(label, space) for label in labels]
    return renderer.render_batch(
        stack(identities * (count // len(identities))), np.stack(rows * (count // len(rows))), size
    )


def label_aus(label: Label, space: LabelSpace | None = None) -> Float32[np.ndarray, "22"]:
    """Returns the AU intensities that a label stands for: float32 [22], FACS 0..5, in the order of `AU_NAMES`.

    Raises:
      UserError: a label that cannot be used; see `truth`.
    """
    space = space or _space_of(label)
    scale = MAX_AU if space.kind == "au" else 1.0
    vector = (space.parse(label).astype(np.float64) * scale).round(_DECIMALS)
    amounts = dict(zip(space.names, vector.tolist(), strict=True))
    if space.kind == "au":
        return au_vector(amounts)
    amounts.pop("neutral", None)  # what the others leave of 1 (negative if they exaggerate); it moves nothing
    for name, amount in amounts.items():
        if not 0.0 <= amount <= MAX_EMOTION:
            raise UserError(f"{name}={amount:g} is out of range: emotions go from 0 to {MAX_EMOTION}")
    return emotion_aus(amounts)


@functools.lru_cache(maxsize=1024)
def _identity(subject: str) -> Identity:
    return renderer.sample_identity(person_number(subject))


def _space_of(label: Label) -> LabelSpace:
    if not isinstance(label, str | Mapping):
        raise UserError("a label vector means nothing by itself; give its LabelSpace as `space`")
    names = label.split(",") if isinstance(label, str) else map(str, label)
    return AU_SPACE if any(_AU.match(name) for name in names) else EMOTION_SPACE
