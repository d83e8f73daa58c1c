"""People who are drawn: the package's synthetic faces, of whom any true picture can be made."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

from cdaae_jax.data.synthetic_faces import truth
from cdaae_jax.labels import LabelSpace

SYNTHETIC_FACES = "tfds:synthetic_faces"


class DrawnFaces:
    """The `edits.Truth` of the synthetic faces."""

    def pictures(
        self, person: Sequence[str], label: Float[np.ndarray, "n l"], size: int, space: LabelSpace
    ) -> UInt8[np.ndarray, "n size size 3"]:
        """Returns the true pictures; errors as in `truth.truth_batch`."""
        return truth.truth_batch(person, list(label), size, space)

    def aus(
        self, label: Float[np.ndarray, "n l"], space: LabelSpace, names: Sequence[str]
    ) -> Float[np.ndarray, "n aus"]:
        """Returns the FACS intensities 0..5 of `names` in these pictures."""
        columns = [truth.AU_SPACE.names.index(name) for name in names]
        return np.stack([truth.label_aus(one, space) for one in label])[:, columns]


def truth_of(manifests: Sequence[str]) -> DrawnFaces | None:
    """Returns what draws the people of some manifests; None where not all of them are synthetic faces."""
    builders = [spec.partition("?")[0].partition("/")[0] for spec in manifests]
    return DrawnFaces() if builders and all(builder == SYNTHETIC_FACES for builder in builders) else None
