"""Charts of what was measured, as pictures [H, W, 3] or straight to a file."""

import io
import json
import pathlib
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from cdaae_jax import files
from cdaae_jax.evaluation.measures.scores import Score, mean_of, with_intervals
from cdaae_jax.evaluation.report.tables import Confusion

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402  (the backend without a screen comes first)

Picture = UInt8[np.ndarray, "h w 3"]
DPI = 100


def confusion(matrices: Confusion) -> Picture:
    """Confusion matrices of requested and read expressions, one for each way of editing, as shares of each row."""
    chart, axes = pyplot.subplots(
        1, len(matrices), figsize=(0.6 + 3.4 * len(matrices), 3.9), layout="constrained", sharey=True, squeeze=False
    )
    for axis, (name, matrix) in zip(axes[0], matrices.items(), strict=True):
        read = list(next(iter(matrix.values())))
        counts = np.array([[line[one] for one in read] for line in matrix.values()])
        shares = counts / counts.sum(axis=1, keepdims=True)
        axis.imshow(shares, vmin=0, vmax=1, cmap="Blues")
        for (i, j), share in np.ndenumerate(shares):
            if counts[i, j]:
                axis.text(j, i, f"{share:.0%}", ha="center", va="center", size=7, color="wk"[int(share < 0.6)])
        axis.set(title=name, xlabel="read as", xticks=range(len(read)), yticks=range(len(matrix)))
        axis.set_xticklabels(read, rotation=60, ha="right")
        axis.set_yticklabels(matrix)
    axes[0, 0].set_ylabel("requested")
    return _drawn(chart)


def paths(
    measured: Mapping[str, Float[np.ndarray, "n steps"]], people: Sequence[str], amounts: Sequence[float], unit: str
) -> Picture:
    """The measured intensity along the paths of each model: mean, and band of its interval over people."""
    chart, axis = pyplot.subplots(figsize=(6, 4), layout="constrained")
    for name, values in measured.items():
        _line(axis, amounts, values, np.asarray(people), name)
    axis.set(xlabel="amount requested", ylabel=unit, title="on the way from neutral to a label, people held out")
    axis.legend()
    axis.grid(alpha=0.3)
    return _drawn(chart)


def action_units(
    requested: Float[np.ndarray, "n a"],
    measured: Mapping[str, Float[np.ndarray, "n a"]],
    names: Sequence[str],
    people: Sequence[str],
) -> Picture:
    """Requested against measured FACS intensity, a square per action unit: means, and bands of their intervals.

    What is requested may be NaN, where it is not known.
    """
    columns = min(4, len(names))
    lines = -(-len(names) // columns)
    chart, axes = pyplot.subplots(
        lines, columns, figsize=(0.5 + 2.6 * columns, 0.9 + 2.3 * lines), layout="constrained", squeeze=False
    )
    persons = np.asarray(people)
    grades = np.rint(requested)
    for unit, axis in enumerate(axes.flat):
        if unit >= len(names):
            axis.axis("off")
            continue
        levels = np.unique(grades[np.isfinite(grades[:, unit]), unit])
        axis.plot([0, 5], [0, 5], color="grey", lw=0.8, ls=":")
        for name, values in measured.items():
            groups = np.where(grades[:, unit, None] == levels, values[:, unit, None], np.nan)
            _line(axis, levels, groups, persons, name)
        axis.set(title=names[unit], xlim=(-0.2, 5.2), ylim=(-0.2, 5.2))
        axis.grid(alpha=0.3)
    chart.supxlabel("requested, FACS intensity")
    chart.supylabel("measured")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    chart.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return _drawn(chart)


def curve(workdirs: Mapping[str, pathlib.Path], path: pathlib.Path) -> None:
    """Draws the training curves (reconstruction and image discriminator, by step) of several runs to a PNG."""
    chart, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.5), layout="constrained")
    for name, workdir in workdirs.items():
        lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
        steps = [line["step"] for line in lines]
        left.plot(steps, [line["reconstruction"] for line in lines], label=name)
        if "image_discriminator/real_right" in lines[0]:
            right.plot(steps, [line["image_discriminator/real_right"] for line in lines], label=f"{name}, real")
            right.plot(steps, [line["image_discriminator/fake_right"] for line in lines], "--", label=f"{name}, made")
    left.set(title="reconstruction loss, training people", xlabel="step", yscale="log")
    right.set(title="image discriminator: share judged right", xlabel="step", ylim=(0, 1))
    for axis in (left, right):
        if axis.lines:
            axis.legend()
        axis.grid(alpha=0.3)
    with files.replacing(path) as temporary:
        chart.savefig(temporary, dpi=DPI)
    pyplot.close(chart)


def _line(
    axis: pyplot.Axes, x: Sequence[float] | np.ndarray, values: Float[np.ndarray, "n x"], people: np.ndarray, name: str
):
    """A model's means over the rows with a value, with the band of their intervals."""
    columns: dict[str, Score] = {}
    for i in range(values.shape[1]):
        known = np.isfinite(values[:, i])
        columns |= with_intervals({str(i): mean_of(values[known, i])}, people[known]) if known.any() else {}
    if not columns:
        return
    drawn = [x[int(i)] for i in columns]
    mean, low, high = np.array(list(columns.values())).T
    if len(drawn) < len(x):  # no line: nothing was measured in between
        axis.errorbar(drawn, mean, [mean - low, high - mean], fmt="o", capsize=3, label=name)
        return
    (line,) = axis.plot(drawn, mean, marker=".", label=name, ls="--" if name == "true target" else "-")
    axis.fill_between(drawn, low, high, alpha=0.2, color=line.get_color(), lw=0)


def _drawn(chart: pyplot.Figure) -> Picture:
    held = io.BytesIO()
    chart.savefig(held, dpi=DPI, bbox_inches="tight", format="png")
    pyplot.close(chart)
    return np.asarray(Image.open(held).convert("RGB"))
