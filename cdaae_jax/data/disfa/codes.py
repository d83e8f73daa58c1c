"""DISFA's labels: which action units are coded in which frame, and which frames are taken for it."""

import pathlib
import re
from collections.abc import Mapping

import numpy as np
from jaxtyping import Int64

from cdaae_jax.data.building.found import Scan
from cdaae_jax.labels import DISFA_AUS, MAX_AU

_NAME = re.compile(r"(?P<person>sn\d{3})_au(?P<unit>\d{1,2})")

Intensities = Int64[np.ndarray, " frames"]


def named(stem: str) -> tuple[str, str] | None:
    """Returns person and action unit of a label file, by its name without the ending in lower case."""
    match = _NAME.fullmatch(stem)
    unit = f"AU{int(match['unit'])}" if match else ""
    return (match["person"].upper(), unit) if match and unit in DISFA_AUS else None


def read(files: Mapping[str, pathlib.Path], scan: Scan) -> dict[str, Intensities]:
    """Returns the intensities of each action unit in the order of the frames.

    Args:
      files: a person's label files by action unit.
      scan: where files that cannot be read are noted; they are not known then.

    Returns:
      Of one length for all units: the shortest's.
    """
    coded: dict[str, Intensities] = {}
    for unit in DISFA_AUS:
        if unit in files:
            try:
                coded[unit] = _intensities(files[unit])
            except (OSError, ValueError) as error:
                scan.leave_out(files[unit].name, f"cannot be read as lines frame,intensity ({error})")
    length = min(map(len, coded.values()), default=0)
    for unit, intensities in coded.items():
        if len(intensities) > length:
            scan.leave_out(files[unit].name, f"goes on after frame {length}, where another unit's file ends")
    return {unit: intensities[:length] for unit, intensities in coded.items()}


def choose(coded: Mapping[str, Intensities], at_least: int, apart: int, neutral: int) -> list[int]:
    """Returns the numbers of the frames to take, counted from 1, rising.

    Args:
      coded: the intensities of each unit.
      at_least: frames with some unit of this intensity or more are taken,
      apart: of these one in so many frames at most, the first of them.
      neutral: so many frames with no unit at all, evenly among those that there are.
    """
    if not coded:
        return []
    strongest = np.max(list(coded.values()), axis=0)
    chosen: list[int] = []
    for frame in np.flatnonzero(strongest >= at_least) + 1:
        if not chosen or frame - chosen[-1] >= apart:
            chosen.append(int(frame))
    calm = np.flatnonzero(strongest == 0) + 1
    if len(calm) > neutral:
        calm = calm[(np.arange(neutral) * len(calm)) // max(neutral, 1)]
    return sorted([*chosen, *calm.tolist()])


def _intensities(file: pathlib.Path) -> Intensities:
    rows = [line.replace(",", " ").split() for line in file.read_text().splitlines() if line.strip()]
    table = np.array([[int(float(cell)) for cell in row] for row in rows])
    if table.ndim != 2 or table.shape[1] != 2:
        raise ValueError("other columns")
    if (table[:, 0] != np.arange(1, len(table) + 1)).any():
        raise ValueError("frames are not counted from 1 without a gap")
    if table[:, 1].min() < 0 or table[:, 1].max() > MAX_AU:
        raise ValueError("intensities are not all from 0 to 5")
    return table[:, 1]
