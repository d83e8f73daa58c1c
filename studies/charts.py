"""Two kinds of chart with intervals: figures against a number, and figures of several models side by side."""

import pathlib
from collections.abc import Mapping, Sequence

import matplotlib

from cdaae_jax.evaluation.measures.scores import Row, Score

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402  (the backend without a screen comes first)


def lines(
    series: Mapping[str, Mapping[str, Mapping[float, Score]]],
    ceilings: Mapping[str, Score],
    x_label: str,
    path: pathlib.Path,
    ticks: Sequence[float] = (),
) -> None:
    """Draws one panel per measured figure, one line per model with its interval, and the ceiling dashed.

    Args:
      series: by figure's name, then by model, the figure at each number.
      ceilings: by figure's name, what the true pictures reach.
      x_label: what the numbers are.
      path: of the PNG.
      ticks: the numbers that are written below; none: those of the figures.
    """
    figure, panels = pyplot.subplots(
        1, len(series), figsize=(4.2 * len(series), 3.4), layout="constrained", squeeze=False
    )
    for panel, (name, models) in zip(panels[0], series.items(), strict=True):
        for model, points in models.items():
            numbers = sorted(points)
            panel.plot(numbers, [points[n].value for n in numbers], "o-", label=model)
            panel.fill_between(numbers, [points[n].low for n in numbers], [points[n].high for n in numbers], alpha=0.2)
        panel.axhline(ceilings[name].value, color="grey", linestyle="--", label="true pictures")
        panel.set(title=name.replace("_", " "), xlabel=x_label, xscale="log", ylim=(0, None))
        panel.set_xticks(ticks or numbers, [f"{n:g}" for n in ticks or numbers], minor=False)
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    panels[0, 0].legend()
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


def bars(rows: Mapping[str, Row], names: Sequence[str], path: pathlib.Path) -> None:
    """Draws one panel per measured figure, one bar per model with its interval."""
    height = 0.3 * len(rows) + 1.0
    figure, panels = pyplot.subplots(
        1, len(names), figsize=(2.9 * len(names) + 1, height), layout="constrained", sharey=True, squeeze=False
    )
    models = list(rows)[::-1]  # so that the first is on top
    for panel, name in zip(panels[0], names, strict=True):
        found = [rows[model][name] for model in models]
        panel.barh(models, [one.value for one in found], color="tab:blue", alpha=0.6)
        for place, one in enumerate(found):
            panel.plot([one.low, one.high], [place, place], color="black", linewidth=1.5)
        panel.set(title=name.replace("_", " "))
        panel.grid(axis="x", alpha=0.3)
    figure.savefig(path, dpi=100)
    pyplot.close(figure)
