"""CK+'s label files: the emotion of a sequence's peak, and its action units."""

import pathlib

from cdaae_jax.data.building.found import Scan
from cdaae_jax.labels import ACTION_UNITS, MAX_AU

_EMOTIONS = ("neutral", "angry", "contemptuous", "disgusted", "fearful", "happy", "sad", "surprised")
_BLINKED = 45  # a blink is AU43 for a moment; in a still picture they are one


def emotion(file: pathlib.Path | None, scan: Scan) -> str:
    """Returns the canonical emotion; "" where a sequence has none (266 of 593), or its file cannot be read."""
    if file is None:
        return ""
    try:
        number = float(file.read_text())
        if number not in range(len(_EMOTIONS)):
            raise ValueError(f"{number:g}")
        return _EMOTIONS[int(number)]
    except (OSError, ValueError) as error:
        scan.leave_out(file.name, f"holds no emotion from 0 to 7 ({error})")
        return ""


def units(file: pathlib.Path | None, scan: Scan) -> dict[str, float]:
    """Returns the intensities of the action units that are known at a sequence's peak.

    A unit that is not listed is 0. One that is listed with intensity 0 is there, but how much is not known; nor is it
    of units of one side (L14, R14), which some coders write: these are left out.
    """
    if file is None:
        return {}
    try:
        known = dict.fromkeys(ACTION_UNITS, 0.0)
        for line in file.read_text().splitlines():
            if not line.strip():
                continue
            unit, intensity = line.split()
            number = int(float(unit.lstrip("LRlr")))
            name = f"AU{43 if number == _BLINKED else number}"
            strength = float(intensity)
            if not 0 <= strength <= MAX_AU:
                raise ValueError(f"intensity {strength:g}")
            if unit[0].isalpha() or strength == 0:
                known.pop(name, None)
            elif name in known:
                known[name] = strength
        return known
    except (OSError, ValueError) as error:
        scan.leave_out(file.name, f"cannot be read as lines of a unit and its intensity ({error})")
        return {}
