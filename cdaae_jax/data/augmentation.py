"""Small changes of place and light, both photos of a pair alike; off by default.

They keep a network from learning a small set's skins and lights by heart, and cost it steps
(docs/results/rig_emotion.md).
"""

import dataclasses

import numpy as np
from jaxtyping import UInt8


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """Random shifts and colours as a pure function of (seed, step).

    Attributes:
      shift: the most a pair is moved in either direction, as a share of the picture's side; edges are repeated.
      colour: each colour channel is multiplied by a factor from 1 - colour to 1 + colour.
    """

    shift: float = 0.0
    colour: float = 0.0

    def __call__(
        self, pictures: UInt8[np.ndarray, "photos b s s 3"], seed: int, step: int, batch_size: int, mine: slice
    ) -> UInt8[np.ndarray, "photos b s s 3"]:
        """Returns the pictures changed.

        Args:
          pictures: the photos of each of b pairs along the first axis: the i-th of all of them change alike.
          seed: what the changes depend on,
          step: together with this.
          batch_size: pairs of all processes.
          mine: which of these pairs the pictures are.
        """
        # The third number keeps this stream apart from the one that draws the pairs.
        uniform = np.random.default_rng([seed, step, 1]).uniform(-1.0, 1.0, (batch_size, 5))[mine]
        if self.shift:
            pictures = _shift(pictures, np.round(uniform[:, :2] * self.shift * pictures.shape[2]).astype(int))
        if self.colour:
            gains = 1.0 + self.colour * uniform[:, 2:].astype(np.float32)
            changed = pictures * gains[None, :, None, None, :]
            pictures = np.minimum(changed + 0.5, 255.0).astype(np.uint8)
        return pictures


NONE = Augmentation()


def _shift(pictures: np.ndarray, moves: np.ndarray) -> np.ndarray:
    size = pictures.shape[2]
    margin = int(np.abs(moves).max(initial=0))
    padded = np.pad(pictures, ((0, 0), (0, 0), (margin, margin), (margin, margin), (0, 0)), mode="edge")
    moved = np.empty_like(pictures)
    for i, (down, right) in enumerate(margin - moves):
        moved[:, i] = padded[:, i, down : down + size, right : right + size]
    return moved
