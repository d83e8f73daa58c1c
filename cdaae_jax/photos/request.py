"""What is asked for, of each of many photos."""

import dataclasses

from cdaae_jax.photos import names
from cdaae_jax.provenance import Credentials


@dataclasses.dataclass(frozen=True)
class Request:
    """What is to be done to each photo.

    Attributes:
      label: the expression, as people write it.
      to: the other end of a strip; None for a photo like the one that came in.
      steps: pictures of a strip from one end to the other.
      amount: 0 to 1.5, how much of the change.
      face: "largest", "all", or an index, 0 being the largest.
      side_by_side: show the photo as it was on the left.
      mark: say in the file's metadata that it was edited; credentials sign it too, of a photo alone.
      overwrite: replace files of the names to be written.
    """

    label: str
    to: str | None = None
    steps: int = 9
    amount: float = 1.0
    face: str | int = "largest"
    side_by_side: bool = False
    mark: bool | Credentials = True
    overwrite: bool = False

    @property
    def name(self) -> str:
        """What goes into the names of edited files."""
        return names.suffix_of(self.label, self.to, self.amount, self.face, self.side_by_side)
