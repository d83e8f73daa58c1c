"""What identifies a set of labelled photos: a checkpoint keeps it, to notice that the data was changed."""

import hashlib
import json
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from cdaae_jax.data.records import Record
from cdaae_jax.labels import LabelSpace


def fingerprint(
    records: Sequence[Record],
    labels: Float[np.ndarray, "n l"],
    space: LabelSpace,
    registered: Bool[np.ndarray, " n"] | None = None,
    known: Bool[np.ndarray, "n l"] | None = None,
) -> str:
    """Returns a hex string that identifies photos and labels, in their order, but not the folder they lie in.

    It is computed from each photo's person, name within its data set, file size and label. Photos are not read for it,
    so a file that was replaced by another of the same size goes unnoticed.

    Args:
      records: the photos.
      labels: of each.
      space: what the labels mean.
      registered: which photos are laid over a neutral one; None if none is to be.
      known: which entries of the labels are known; None if all are.
    """
    digest = hashlib.sha256(json.dumps([space.kind, space.names]).encode())
    if registered is not None:
        digest.update(b"registered" if registered.all() else b"registered" + registered.tobytes())
    if known is not None:
        digest.update(known.tobytes())
    quoted = json.encoder.encode_basestring_ascii
    numbers = labels.astype("<f4")
    for record, label in zip(records, numbers, strict=True):
        # What json.dumps writes, in a fifth of its time.
        digest.update(f"[{quoted(record.subject)}, {quoted(record.key)}, {record.num_bytes}]".encode())
        digest.update(label.data)
    return digest.hexdigest()
