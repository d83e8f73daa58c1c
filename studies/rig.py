"""The folder of a rig: what the programs need that make more people or data sets with it."""

import pathlib

from cdaae_jax.errors import UserError

POINTS = "landmarks68.npz"
PEOPLE = "people.csv"


def require(rig: pathlib.Path) -> None:
    """Refuses a folder that is none.

    Raises:
      UserError: a file is missing.
    """
    for name in (POINTS, PEOPLE):
        if not (rig / name).is_file():
            raise UserError(f"{rig} has no {name}; --rig is the folder of a rig, see the head of this program")
