"""What other machines have aligned: a file for each piece of work, beside the pictures, until the journal has it."""

import hashlib
import pathlib
import pickle
from collections.abc import Iterator, Sequence

from cdaae_jax import files
from cdaae_jax.data.aligning import Outcome

_FOLDER = "outcomes"


def write(work: pathlib.Path, outcomes: Sequence[Outcome]) -> None:
    """Notes what became of a piece; the file appears whole or not at all.

    Args:
      work: the folder with the aligned pictures.
      outcomes: of the piece's photos, one at least.

    Raises:
      UserError: it cannot be written.
    """
    name = hashlib.sha256(outcomes[0].photo.name.encode()).hexdigest()
    files.write_bytes(work / _FOLDER / name[:2] / f"{name}.pickle", pickle.dumps(list(outcomes)))


def take(work: pathlib.Path) -> Iterator[list[Outcome]]:
    """Yields all that was noted, and forgets each when the next is asked for."""
    for file in sorted((work / _FOLDER).glob("*/*.pickle")):
        yield pickle.loads(file.read_bytes())
        file.unlink()
