"""What the programs have in common: how flags are read, how errors end, what the process is set up with."""

import difflib
import logging
import os
import pathlib
import sys
from collections.abc import Callable, Sequence

from absl import app, flags
from absl import logging as absl_logging

from cdaae_jax.errors import UserError

USAGE_ERROR, FAILURE = 2, 1


def run(main: Callable[[], None], module: str) -> None:
    """Runs a program: exit status 0 done, 1 a run that failed, 2 unusable flags or input.

    Args:
      main: does the work; called with flags parsed.
      module: the `__name__` of the module that defines the program's flags; its docstring is the help text.
    """
    program = sys.modules[module]

    def parse(argv: Sequence[str]) -> list[str]:
        if any(argument in ("--help", "-help", "-h", "--helpshort") for argument in argv[1:]):
            print(f"{program.__doc__.strip()}\n\nFlags:{flags.FLAGS.module_help(program)}")
            sys.exit(0)
        _check_overrides(argv)
        try:
            rest = flags.FLAGS(argv)
        except flags.Error as error:
            _fail(str(error), USAGE_ERROR)
        except (OSError, SyntaxError, ImportError) as error:  # --config names a file that cannot be run
            _fail(f"--config cannot be read: {error}", USAGE_ERROR)
        if len(rest) > 1:
            _fail(f"unexpected argument {rest[1]!r}; flags are written --name=value, see --help", USAGE_ERROR)
        return rest

    def guarded(_: Sequence[str]) -> None:
        logging.getLogger("cdaae_jax").setLevel(logging.INFO)
        absl_logging.use_absl_handler()
        absl_logging.set_verbosity(absl_logging.WARNING)  # orbax tells of every file at INFO
        logging.getLogger("cdaae_jax").addHandler(_plain_handler())
        logging.getLogger("cdaae_jax").propagate = False
        try:
            main()
        except UserError as error:
            _fail(str(error), USAGE_ERROR)

    _set_up()
    app.run(guarded, flags_parser=parse)


def failed(reason: str) -> None:
    """Ends the program with one line and the status of a run that failed."""
    _fail(reason, FAILURE)


def _set_up() -> None:
    """Keeps compiled programs in the user's cache folder, so that only the first run waits for the compiler."""
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(pathlib.Path(cache) / "cdaae_jax" / "compiled"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.5")


def _check_overrides(argv: Sequence[str]) -> None:
    from cdaae_jax.config import field_names

    known = field_names()
    for argument in argv[1:]:
        name = argument.lstrip("-").partition("=")[0]
        if argument.startswith("-") and name.startswith("config.") and name.removeprefix("config.") not in known:
            wrong = name.removeprefix("config.")
            near = difflib.get_close_matches(wrong, known, n=3, cutoff=0.0)
            _fail(f"there is no --config.{wrong}; nearest: {', '.join('--config.' + n for n in near)}", USAGE_ERROR)


def _plain_handler() -> logging.Handler:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler


def _fail(reason: str, status: int) -> None:
    print(f"{pathlib.Path(sys.argv[0]).name}: {' '.join(reason.split())}", file=sys.stderr)
    sys.exit(status)
