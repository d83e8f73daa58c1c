"""How a run can end early without a fault of the program, unusable input or a stop; and how messages name many."""

from collections.abc import Iterable


class UserError(Exception):
    """Unusable input: the message says what was wrong, what was allowed and what to do.

    The programs in `cdaae_jax.cli` print the message as one line on standard error and exit with status 2.
    """


class Stopped(Exception):
    """A run that a signal stopped early; its checkpoint is written, and the same run can go on from it.

    The programs in `cdaae_jax.cli` print the message as one line on standard error and exit with status 75.

    Attributes:
      step: the step of the checkpoint; None if the run had not begun to train.
      steps: how many steps the run has in all; None likewise.
    """

    def __init__(self, step: int | None = None, steps: int | None = None):
        super().__init__(step, steps)
        self.step = step
        self.steps = steps

    def __str__(self) -> str:
        done = "before the first step" if self.step is None else f"after step {self.step} of {self.steps}"
        return f"stopped {done}; run the same command again to go on"


_SHOWN = 3  # how many names a message has; the others are counted


def named(names: Iterable[str]) -> str:
    """Returns names as a message has them, sorted: "a, b, c and 5 more"."""
    names = sorted(names)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
