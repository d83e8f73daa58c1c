"""Reads TFDS's array_record shards in bulk: the small fields of all examples at the start, and one picture at a time.

TFDS's own reader takes each example apart feature by feature in Python. That costs a third of a millisecond: minutes at
the start with a million photos, and while training more than decoding a small picture does.
"""

import dataclasses
import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from google.protobuf.message import DecodeError
from jaxtyping import Float32, UInt8
from PIL import Image
from tensorflow_datasets.proto import tf_example_pb2, tf_feature_pb2

from cdaae_jax import images
from cdaae_jax.errors import UserError

PICTURE = "image"
LANDMARKS = "landmarks"
_NOT_SMALL = (LANDMARKS,)  # nearly a thousand numbers, which records have no use for
_Part = TypeVar("_Part")
_AT_ONCE = 1024  # examples that are in memory together, pictures included
# What array_record, protobuf and Pillow raise for a shard that is cut short, altered or gone.
_UNREADABLE = (*images.DAMAGE, RuntimeError, DecodeError, IndexError)


class Source(Protocol):
    """Serialised examples by index: what `as_data_source(...).data_source` of a TFDS builder is."""

    def __len__(self) -> int: ...

    def __getitem__(self, record_key: int) -> bytes: ...

    def __getitems__(self, record_keys: Sequence[int]) -> Sequence[bytes]: ...


def small_fields(source: Source, name: str) -> Iterator[dict[str, Any]]:
    """Yields each example's fields, with `num_bytes`, the size of the picture's file, in place of the picture.

    A field of one value is that value, text as str; one of several is a list. "aus/AU1" is a field AU1 within `aus`.

    Args:
      source: the examples.
      name: of the set, for messages.

    Raises:
      UserError: a shard cannot be read.
    """
    for first in range(0, len(source), _AT_ONCE):
        try:
            for serialised in source.__getitems__(range(first, min(first + _AT_ONCE, len(source)))):
                yield _fields(serialised)
        except _UNREADABLE as error:
            raise UserError(
                f"{name} cannot be read near its record {first} ({error}); restore its files, or delete them and the "
                "set is built anew"
            ) from error


def _fields(serialised: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, feature in tf_example_pb2.Example.FromString(serialised).features.feature.items():
        if name == PICTURE:
            fields["num_bytes"] = len(feature.bytes_list.value[0])
        elif name not in _NOT_SMALL:
            within, _, inner = name.rpartition("/")
            (fields.setdefault(within, {}) if within else fields)[inner] = _value(feature)
    if "num_bytes" not in fields:
        raise DecodeError("an example without a picture")  # this is what array_record makes of a shard cut short
    return fields


def _value(feature: tf_feature_pb2.Feature) -> Any:
    kind = feature.WhichOneof("kind")
    values = getattr(feature, kind).value if kind else ()
    plain = [value.decode() if isinstance(value, bytes) else value for value in values]
    return plain[0] if len(plain) == 1 else plain


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class StoredPicture:
    """Decodes the picture of one example whenever it is called; small, because there is one of each photo in memory.

    Attributes:
      source: the examples.
      index: of the example.
      name: of the set, for messages.
    """

    source: Source
    index: int
    name: str

    def __call__(self) -> UInt8[np.ndarray, "h w 3"]:
        """Returns the picture.

        Raises:
          UserError: the shard or the picture in it cannot be read.
        """
        return self._of_example(_picture)

    def landmarks(self) -> Float32[np.ndarray, "p 2"] | None:
        """Returns the picture's landmarks, (x, y) in its sides; None where the set does not know them.

        Raises:
          UserError: the shard cannot be read.
        """
        return self._of_example(_landmarks)

    def _of_example(self, part: Callable[[tf_feature_pb2.Features], _Part]) -> _Part:
        try:
            return part(tf_example_pb2.Example.FromString(self.source[self.index]).features)
        except _UNREADABLE as error:
            raise UserError(
                f"{self.name}[{self.index}] cannot be read ({error}); restore the set's files, or delete them and the "
                "set is built anew"
            ) from error


def _picture(features: tf_feature_pb2.Features) -> UInt8[np.ndarray, "h w 3"]:
    picture = Image.open(io.BytesIO(features.feature[PICTURE].bytes_list.value[0]))
    return np.asarray(picture.convert("RGB"))


def _landmarks(features: tf_feature_pb2.Features) -> Float32[np.ndarray, "p 2"] | None:
    # Not a number: the set has landmarks, but not of this picture.
    points = np.array(features.feature[LANDMARKS].float_list.value, np.float32).reshape(-1, 2)
    return points if len(points) and np.isfinite(points).all() else None
