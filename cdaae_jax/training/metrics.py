"""What the steps measured between two log lines, and the guard against values that are not finite."""

import time

import jax
import numpy as np

from cdaae_jax.training.step import Metrics


class NonFiniteLoss(Exception):
    """A loss or a gradient became infinite or not a number; the message names it and the step."""


class Window:
    """The metrics between two log lines, fetched from the devices only when they are asked for."""

    def __init__(self):
        self._calls: list[tuple[range, Metrics]] = []
        self._began = time.monotonic()
        self._checked = 0

    def add(self, steps: range, metrics: Metrics) -> None:
        """Takes the metrics of a call of some steps, each [steps], which may not be computed yet."""
        self._calls.append((steps, metrics))
        # Without this the host would queue call after call; two calls ahead of the devices are enough.
        jax.block_until_ready(self._calls[max(0, len(self._calls) - 3)][1])

    def check(self) -> None:
        """Raises NonFiniteLoss if any metric since the last call is infinite or not a number."""
        for steps, metrics in self._calls[self._checked :]:
            values = {name: np.asarray(metrics[name]) for name in sorted(metrics)}
            for i, step in enumerate(steps):
                for name, value in values.items():
                    if not np.isfinite(value[i]):
                        raise NonFiniteLoss(
                            f"{name} is {float(value[i])} at step {step}; the last checkpoint is older: lower "
                            "config.optim.learning_rate or the adversarial weights, and run the command again"
                        )
        self._checked = len(self._calls)

    def finite(self) -> bool:
        """Says whether `check` would be silent."""
        try:
            self.check()
        except NonFiniteLoss:
            return False
        return True

    def close(self) -> dict[str, float]:
        """Returns each metric's mean, the number of steps and the seconds they took, and starts anew."""
        self.check()
        names = self._calls[0][1]
        means = {name: float(np.mean(np.concatenate([metrics[name] for _, metrics in self._calls]))) for name in names}
        now = time.monotonic()
        values = means | {"steps": sum(len(steps) for steps, _ in self._calls), "seconds": now - self._began}
        self._calls, self._began, self._checked = [], now, 0
        return values
