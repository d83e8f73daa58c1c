"""How the programs of this folder end: an error that a person can act on is one line, and exit status 2."""

import pathlib
import sys
from collections.abc import Callable

from cdaae_jax.errors import UserError


def run(main: Callable[[], object]) -> None:
    """Runs a program; names it by its file in what it says."""
    try:
        main()
    except UserError as error:
        print(f"{pathlib.Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        sys.exit(2)
