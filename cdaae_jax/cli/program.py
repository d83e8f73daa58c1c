"""What the programs have in common: how flags are read, how they end, what the process is set up with."""

import difflib
import gc
import logging
import os
import pathlib
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import NoReturn

from absl import app, flags
from absl import logging as absl_logging

from cdaae_jax import files
from cdaae_jax.errors import Stopped, UserError

# The last is EX_TEMPFAIL of <sysexits.h>, which Windows lacks.
FAILURE, USAGE_ERROR, STOPPED = 1, 2, 75
_at_once = False


def run(main: Callable[[], None], module: str) -> None:
    """Runs a program and ends with an exit status.

    0 is done, 1 a run that failed, 2 unusable flags or input, 75 a run that stopped early with a checkpoint and goes on
    when it is started again. Ctrl-C ends by the signal itself, which a shell calls 130.

    Args:
      main: does the work; called with flags parsed.
      module: the `__name__` of the module that defines the program's flags; its docstring is the help text.
    """
    program = sys.modules[module]

    def parse(argv: Sequence[str]) -> list[str]:
        if any(argument in ("--help", "-help", "-h", "--helpshort") for argument in argv[1:]):
            print(f"{(program.__doc__ or '').strip()}\n\nFlags:{flags.FLAGS.module_help(program)}")
            sys.exit(0)
        _check_overrides(argv)
        try:
            rest = flags.FLAGS(argv)
            _check_config()
        except flags.Error as error:
            _fail(_explain(error), USAGE_ERROR)
        except Exception as error:  # the Python file that --config names can raise anything
            _fail(_unusable_config(f"{type(error).__name__}: {_last_line(error)}"), USAGE_ERROR)
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
        except Stopped as stop:
            _fail(str(stop), STOPPED)

    _set_up()
    absl_logging.set_verbosity(absl_logging.ERROR)  # _check_config says in one line what ml_collections warns of
    try:
        app.run(guarded, flags_parser=parse)
    except KeyboardInterrupt:
        _end_by_interrupt()
    except SystemExit as ending:
        if _at_once:
            _exit_now(0 if ending.code is None else ending.code if isinstance(ending.code, int) else FAILURE)
        raise
    except Exception:
        if not _at_once:
            raise
        traceback.print_exc()
        _exit_now(FAILURE)


def end_at_once() -> None:
    """Makes this process end without what Python does at its end, which would wait for other processes of a run."""
    global _at_once
    _at_once = True


def be_brief() -> None:
    """Prepares a program that ends within seconds; call it before JAX is imported.

    Python looks for garbage after every 700 new objects, and imports and traces make a million that stay: here it looks
    after every 50,000. At its end it would take all of them apart, modules, compiled programs and the device's client,
    which the system does in no time. Files are closed by who opened them.
    """
    gc.set_threshold(50_000, 20, 100)
    end_at_once()


def _exit_now(status: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)


def failed(reason: str) -> None:
    """Ends the program with one line and the status of a run that failed."""
    _fail(reason, FAILURE)


def _end_by_interrupt() -> None:
    """Ends as if Python had not caught Ctrl-C: no traceback, and a shell's loop around the program ends too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.raise_signal(signal.SIGINT)


def _set_up() -> None:
    """Keeps compiled programs in the user's cache folder, so that only the first run waits for the compiler."""
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(files.user_cache() / "compiled"))
    # Editing one picture compiles only small programs, which JAX would not keep by default.
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")


def _check_overrides(argv: Sequence[str]) -> None:
    from cdaae_jax.config_fields import field_names

    if "config" not in flags.FLAGS:
        return
    known = field_names()
    for argument in argv[1:]:
        name = argument.lstrip("-").partition("=")[0]
        if argument.startswith("-") and name.startswith("config.") and name.removeprefix("config.") not in known:
            wrong = name.removeprefix("config.")
            near = difflib.get_close_matches(wrong, known, n=3, cutoff=0.0)
            _fail(f"there is no --config.{wrong}; nearest: {', '.join('--config.' + n for n in near)}", USAGE_ERROR)


def _check_config() -> None:
    """Fails where ml_collections only warns, or waits until the configuration is used."""
    flag = flags.FLAGS["config"] if "config" in flags.FLAGS else None
    if flag is None or not flag.present:
        return
    getattr(flag.value, "data", None)  # raises the error that opening the file caused
    if flag.value is None:
        _fail(_unusable_config("its get_config() returns nothing"), USAGE_ERROR)


def _explain(error: flags.Error) -> str:
    from cdaae_jax.config_fields import field_names
    from cdaae_jax.validation import allowed_type

    text = str(error)
    if isinstance(error, flags.UnrecognizedFlagError) and error.flagname.startswith("config."):
        return f"--{error.flagname} needs --config=FILE, the configuration that it changes"
    name = text.removeprefix("flag --").partition("=")[0]
    if name == "config":
        return _unusable_config(_last_line(error))
    if isinstance(error, flags.IllegalFlagValueError) and name.removeprefix("config.") in field_names():
        given = text.removeprefix("flag ").removesuffix(f": {error.__context__}")
        return f"{given} cannot be used; allowed: {allowed_type(name.removeprefix('config.'))}"
    return text


def _unusable_config(reason: str) -> str:
    return f"--config cannot be used ({reason}); it must name a Python file with get_config() -> Config"


def _last_line(error: Exception) -> str:
    # ml_collections puts tracebacks and lists of attempts into its messages; the cause is on the last line.
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else "without a message"


def _plain_handler() -> logging.Handler:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler


def _fail(reason: str, status: int) -> None:
    print(f"{pathlib.Path(sys.argv[0]).name}: {' '.join(reason.split())}", file=sys.stderr)
    sys.exit(status)
