"""Small random shifts and colour changes, the same for both photos of a pair; off by default.

They keep a network from memorising the skin and light of a small set, but it then needs more steps
(docs/results/rig_emotion.md).
"""

import dataclasses

import numpy as np
from jaxtyping import UInt8


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """Random shifts and colours as a pure function of (seed, step).

    Attributes:
      shift: the largest move in either direction, as a share of the picture's side; edge pixels are repeated.
      colour: each colour channel is multiplied by a factor from 1 - colour to 1 + colour.
    """

    shift: float = 0.0
    colour: float = 0.0

    def __call__(
        self, pictures: UInt8[np.ndarray, "photos b s s 3"], seed: int, step: int, batch_size: int, mine: slice
    ) -> UInt8[np.ndarray, "photos b s s 3"]:
        """Returns changed copies of the pictures.

        Args:
          pictures: the photos of b pairs; along the first axis are the photos of a pair, which change alike.
          seed: of the random numbers, together with `step`.
          step: the training step.
          batch_size: the number of pairs over all processes.
          mine: the place of these b pairs among them.
        """
        # The third number keeps these random numbers apart from those that draw the pairs.
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
