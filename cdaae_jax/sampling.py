"""The programmatic API: one photo and a label in, the same person with that expression out."""

import dataclasses
import functools
import os
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import UInt8

from cdaae_jax import images, pretrained
from cdaae_jax.chunks import in_chunks
from cdaae_jax.config import picture_size
from cdaae_jax.config_fields import data_from_dict, model_from_dict
from cdaae_jax.data.alignment import Geometry
from cdaae_jax.errors import UserError
from cdaae_jax.labels import Label, LabelSpace
from cdaae_jax.models import change as changes
from cdaae_jax.models import registry
from cdaae_jax.models.change import Change
from cdaae_jax.pretrained import meta_check
from cdaae_jax.structures import refuse_other_structure, structure
from cdaae_jax.validation import MOST_PICTURE_SIZE, validate_model
from cdaae_jax.workdir_in_bucket import model_at_hand

_BEGINNING = 0.05  # amounts over which a change that does next to nothing fades in
_CHUNK = 32  # photos per call of the network: bounds memory, and the number of shapes that are ever compiled


@dataclasses.dataclass(frozen=True)
class Sampler:
    """A trained generator that is ready for use.

    Photos must look like those of the training set: the face upright, cropped and aligned in the same way.

    Attributes:
      generator: the network.
      params: its parameters, on the device.
      labels: what it can be asked for; `labels.names` lists it.
      network_size: pixels of what the network sees.
      image_size: S, pixels of height and width of what comes out (`dataclasses.replace` gives another size).
      meta: configuration, versions and step of the training run.
    """

    generator: nn.Module
    params: Any
    labels: LabelSpace
    network_size: int
    image_size: int
    meta: dict[str, Any]

    @classmethod
    def from_checkpoint(cls, path: str | os.PathLike) -> "Sampler":
        """Opens a training run's workdir (its newest checkpoint), a single checkpoint, or what `cdaae-export` wrote.

        Args:
          path: a folder, or an address such as gs://bucket/run, of which a copy is kept on this machine.

        Raises:
          UserError: there is none, or none that is undamaged, or it is of another format or structure than this
            version's.
        """
        path = model_at_hand(path)
        params, meta = pretrained.read(path)
        meta_check.check(meta, path)
        model = model_from_dict(meta["config"]["model"])
        try:
            validate_model(model)
        except UserError as error:
            raise UserError(f"{path} is no model that this version can open: {error}") from None
        space = LabelSpace(meta["labels"]["kind"], tuple(meta["labels"]["names"]))
        # An export says its picture size, so that it stays readable when a later version's Data has other fields.
        size = meta.get("picture_size") or picture_size(model, data_from_dict(meta["config"]["data"]))
        if not (isinstance(size, int) and model.image_size <= size <= MOST_PICTURE_SIZE):
            raise UserError(f"{path} makes pictures of {size!r} px; allowed: {model.image_size} to {MOST_PICTURE_SIZE}")
        generator = registry.build(model).generator
        # Shapes alone: to make even a key of arrays, JAX would compile small programs first, a tenth of a second.
        shapes = [(1, model.image_size, model.image_size, 3), (1, space.size)]
        built = jax.eval_shape(
            lambda *inputs: generator.init(jax.random.key(0), *inputs)["params"],
            *(jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes),
        )
        refuse_other_structure(structure(built), structure(params), meta, path)
        return cls(generator, jax.device_put(params), space, model.image_size, size, meta)

    @classmethod
    def from_pretrained(cls, name: str | os.PathLike) -> "Sampler":
        """Opens a model by its name.

        Args:
          name: a model that ships with the package ("emotion"); a folder ("./emotion", if one is called like a model);
            or a model of the Hugging Face hub: "owner/model" or "owner/model@revision" (extra `hub`).

        Raises:
          UserError: there is no such model; or see `from_checkpoint`.
        """
        return cls.from_checkpoint(pretrained.find(name))

    def edit(self, image: np.ndarray, label: Label | Sequence[Label]) -> np.ndarray:
        """Returns photos with another expression.

        Args:
          image: uint8 [H, W, 3] or [N, H, W, 3] in RGB, at least S pixels high and wide; the largest centred square
            is used. Grey and RGBA are converted.
          label: "happy", "happy=0.7,surprised=0.3", {"AU12": 3} or a vector (see `LabelSpace.parse`), for all photos;
            or a list of them, one per photo. One photo with a list of labels is edited once for each label.

        Returns:
          uint8 [S, S, 3] for one photo with one label, else [N, S, S, 3].

        Raises:
          UserError: a picture or a label cannot be used, or the numbers of photos and labels do not match.
        """
        pictures, vectors, single = self._requests(image, label)
        make = functools.partial(_edit, self.generator, self.params, network_size=self.network_size)
        edited = in_chunks(make, pictures, vectors, most=_CHUNK)
        return edited[0] if single else edited

    def change(self, image: np.ndarray, label: Label | Sequence[Label]) -> Change:
        """Returns what `edit` would do to the photos, as a value that can be scaled, drawn and applied at any size.

        Args:
          image: as in `edit`.
          label: as in `edit`.

        Returns:
          The changes, numpy fields; `.apply(photo, amount=0.7)` makes them to a photo that is cropped like `image`, of
          any size.

        Raises:
          UserError: see `edit`.
        """
        pictures, vectors, _ = self._requests(image, label)
        make = functools.partial(_change, self.generator, self.params, network_size=self.network_size)
        return in_chunks(make, pictures, vectors, most=_CHUNK)

    def change_by(self, image: np.ndarray, label: Label | Sequence[Label], amount: float) -> tuple[Change, float]:
        """Returns the changes that lead an amount of the way to a label, and the amount to apply them with.

        Half of a change into "surprised" is a mouth that is wide open and half transparent. A model with an atlas reads
        what a photo shows already; for amounts below 1 it is asked for a label between that and `label` instead, and
        opens the mouth by half. The changes of other models are scaled.

        Args:
          image: as in `edit`.
          label: as in `edit`.
          amount: 0 to 1.5; 1 is `change`.

        Returns:
          The changes, as `change`, and the amount for `Change.apply`: as it was given for models without an atlas and
          above 1, else 1, but for the first twentieth of the way, which begins at the photo itself.

        Raises:
          UserError: see `edit`.
        """
        if amount >= 1 or getattr(self.generator, "atlas", None) is None:
            return self.change(image, label), amount
        pictures, vectors, _ = self._requests(image, label)
        make = functools.partial(_change_by, self.generator, self.params, network_size=self.network_size)
        amounts = np.full(len(pictures), amount, np.float32)
        return in_chunks(make, pictures, vectors, amounts, most=_CHUNK), min(1.0, amount / _BEGINNING)

    def interpolate(
        self, image: np.ndarray, start: Label, end: Label, steps: int = 9
    ) -> UInt8[np.ndarray, "steps s s 3"]:
        """Returns a person's face at evenly spaced steps from one expression to another, both ends included.

        Raises:
          UserError: see `edit`; or fewer than 2 steps.
        """
        if steps < 2:
            raise UserError(f"steps is {steps}; an interpolation has at least its 2 ends")
        begin, finish = self.labels.parse(start), self.labels.parse(end)
        return self.edit(image, [self.labels.mix(begin, finish, amount) for amount in np.linspace(0.0, 1.0, steps)])

    @property
    def alignment(self) -> Geometry:
        """Where the pupils lie in the pictures that the network was trained on."""
        return Geometry(**self.meta.get("alignment", {}))

    def edit_photo(
        self, photo: Any, label: Label, amount: float = 1.0, face: str | int = "largest", mark: Any = True
    ) -> Any:
        """Returns any photo with another expression: its faces are found, and everything around them stays.

        The change is made at the photo's own resolution. Where nothing changes, pixels are equal to the byte; a JPEG
        file is compressed anew, with its own tables. Needs the extra `photo`.

        Args:
          photo: a path, a file's bytes, a Pillow picture, or uint8 [H, W, 3], grey or with alpha. At most 120 million
            pixels, 8 bits for each colour, one frame; JPEG, PNG, WebP, BMP, GIF, or HEIC with the extra `heif`.
          label: as in `edit`, one for all faces.
          amount: 0 to 1.5; 1 is what the network meant, 0 changes no pixel.
          face: "largest", "all", or a number from 0, the largest face first.
          mark: True says in the metadata (XMP) that an algorithm changed the photo, where the format can say so;
            `provenance.Credentials` also signs a C2PA manifest into a file; False does neither.

        Returns:
          The same kind of thing as `photo`, with its size, mode, orientation, ICC profile and EXIF, but for the EXIF
          thumbnail. For a path, the path of a new file beside it, of the same format ("me.jpg", "me.happy.jpg").

        Raises:
          UserError: the photo, label, amount or face cannot be used; there is no face; the new file exists already.
        """
        from cdaae_jax.photos import editing  # pictures that are aligned already need no face finder

        return editing.edit_photo(self, photo, label, amount, face, mark)

    def _requests(self, image: np.ndarray, label: Label | Sequence[Label]) -> tuple[np.ndarray, np.ndarray, bool]:
        """Returns as many pictures as label vectors, and whether it was one photo with one label."""
        image = np.asarray(image)
        batch = [image] if image.ndim < 4 else image
        if not len(batch):
            raise UserError("no pictures were given; give at least one")
        size = self.image_size
        pictures = np.stack([images.fit(images.as_rgb(one, size), size) for one in batch])
        several = isinstance(label, list | tuple) or (isinstance(label, np.ndarray) and label.ndim == 2)
        asked: Any = label if several else [label]
        vectors = np.stack([self.labels.parse(one) for one in asked])
        count = max(len(pictures), len(vectors))
        if {len(pictures), len(vectors)} - {1, count}:
            raise UserError(f"{len(vectors)} labels for {len(pictures)} photos; give one label, or one per photo")
        return _repeat(pictures, count), _repeat(vectors, count), image.ndim < 4 and not several


def _generate(generator: nn.Module, params: Any, photos: jax.Array, labels: jax.Array, network_size: int) -> Change:
    return generator.apply({"params": params}, changes.shrink(photos, network_size), labels).change


@functools.partial(jax.jit, static_argnums=0, static_argnames="network_size")
def _change(generator: nn.Module, params: Any, pictures: jax.Array, labels: jax.Array, network_size: int) -> Change:
    return _generate(generator, params, images.to_network(pictures), labels, network_size)


@functools.partial(jax.jit, static_argnums=0, static_argnames="network_size")
def _change_by(
    generator: nn.Module, params: Any, pictures: jax.Array, labels: jax.Array, amounts: jax.Array, network_size: int
) -> Change:
    photos = changes.shrink(images.to_network(pictures), network_size)
    shown = generator.apply({"params": params}, photos, labels).shown
    asked = shown + amounts[:, None] * (labels - shown)
    return generator.apply({"params": params}, photos, asked).change


@functools.partial(jax.jit, static_argnums=0, static_argnames="network_size")
def _edit(generator: nn.Module, params: Any, pictures: jax.Array, labels: jax.Array, network_size: int) -> jax.Array:
    photos = images.to_network(pictures)
    return images.to_uint8(
        changes.apply(_generate(generator, params, photos, labels, network_size), photos, sharp=True)
    )


def _repeat(array: np.ndarray, count: int) -> np.ndarray:
    return np.broadcast_to(array, (count, *array.shape[1:])) if len(array) == 1 else array
