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
        self._metrics: list[tuple[int, Metrics]] = []
        self._began = time.monotonic()
        self._checked = 0

    def add(self, step: int, metrics: Metrics) -> None:
        """Takes a step's metrics, which may not be computed yet."""
        self._metrics.append((step, metrics))
        # Without this the host would queue step after step; two steps ahead of the devices are enough.
        jax.block_until_ready(self._metrics[max(0, len(self._metrics) - 3)][1])

    def check(self) -> None:
        """Raises NonFiniteLoss if any metric since the last call is infinite or not a number."""
        for step, metrics in self._metrics[self._checked :]:
            for name, value in sorted(metrics.items()):
                if not np.isfinite(value):
                    raise NonFiniteLoss(
                        f"{name} is {float(value)} at step {step}; the last checkpoint is older: lower "
                        "config.optim.learning_rate or the adversarial weights, and run the command again"
                    )
        self._checked = len(self._metrics)

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
        steps = [metrics for _, metrics in self._metrics]
        means = {name: float(np.mean([metrics[name] for metrics in steps])) for name in steps[0]}
        now = time.monotonic()
        values = means | {"steps": len(steps), "seconds": now - self._began}
        self._metrics, self._began, self._checked = [], now, 0
        return values
