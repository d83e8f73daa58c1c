"""What the page asks of this machine: the faces of a photo, and what a model would change in one of them."""

import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cdaae_jax.errors import UserError
from cdaae_jax.faces import FaceFinder
from cdaae_jax.models.change import Change
from cdaae_jax.photos import formats
from cdaae_jax.sampling import Sampler

MOST_FACES = 20
_FIELDS = ("flow", "shift", "mask", "paint")


class LocalEngine:
    """Finds faces and makes changes, one request at a time.

    Attributes:
      samplers: the models, by name.
    """

    def __init__(self, samplers: Mapping[str, Sampler], finder: Callable[[], FaceFinder]):
        """Keeps the models; `finder` is called when the first photo comes."""
        self.samplers = samplers
        self._finder = finder
        self._one_at_a_time = threading.Lock()  # the face networks are no more than one caller's

    def warm_up(self) -> None:
        """Compiles the models and opens the face finder, which else the first photo would wait for."""
        for name, sampler in self.samplers.items():
            picture = np.zeros((sampler.image_size, sampler.image_size, 3), np.uint8)
            self.change(name, picture.tobytes() + np.zeros(sampler.labels.size, "<f4").tobytes())
        with self._one_at_a_time, contextlib.suppress(UserError):  # the first photo says it
            self._finder()

    def faces(self, content: bytes) -> dict[str, Any]:
        """Returns the faces of a photo, the largest first.

        Args:
          content: of a picture file.

        Returns:
          The upright photo's `width` and `height`, and `faces`: each with `eyes` (two points, the person's right eye
          first) and `hull` (corners of the shape around it), points being (x, y) in pixels of the photo.

        Raises:
          UserError: the photo cannot be read.
        """
        pixels = formats.open_photo(content).pixels
        with self._one_at_a_time:
            found = self._finder().find(pixels, most=MOST_FACES)
        height, width = pixels.shape[:2]
        faces = [{"eyes": np.asarray(face.eyes).tolist(), "hull": face.hull.tolist()} for face in found]
        return {"width": width, "height": height, "faces": faces}

    def change(self, model: str, content: bytes) -> tuple[dict[str, list[int]], bytes]:
        """Returns what a model would change in an aligned face.

        Args:
          model: its name.
          content: the picture, uint8 [S, S, 3], where S is the model's picture size, and behind it the label vector,
            float32, both without any header.

        Returns:
          The shape of each field of the change, and their values one after the other, float32.

        Raises:
          UserError: there is no such model, or the content has another length.
        """
        if model not in self.samplers:
            raise UserError(f"there is no model {model!r}; allowed: {', '.join(self.samplers)}")
        sampler = self.samplers[model]
        size, entries = sampler.image_size, sampler.labels.size
        picture_bytes = size * size * 3
        if len(content) != picture_bytes + 4 * entries:
            raise UserError(f"a request of {len(content)} bytes; allowed: {picture_bytes} + 4 x {entries}")
        picture = np.frombuffer(content, np.uint8, picture_bytes).reshape(size, size, 3)
        label = np.frombuffer(content, "<f4", entries, picture_bytes)
        with self._one_at_a_time:
            return packed(sampler.change(picture, label))


def packed(change: Change) -> tuple[dict[str, list[int]], bytes]:
    """Returns one change as the shapes of its fields and their values behind one another, little-endian float32."""
    fields = {name: np.asarray(getattr(change, name))[0] for name in _FIELDS if getattr(change, name) is not None}
    shapes = {name: list(values.shape) for name, values in fields.items()}
    return shapes, b"".join(values.astype("<f4").tobytes() for values in fields.values())
