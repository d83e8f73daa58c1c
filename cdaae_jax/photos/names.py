"""How edited files are called: me.jpg, made happy, is me.happy.jpg beside it."""

import pathlib
import re
from collections.abc import Collection, Mapping

from cdaae_jax.labels import ACTION_UNITS, EMOTIONS, SYNONYMS, Label

_NUMBER = r"-\d*\.?\d+"
_WORDS = sorted((*EMOTIONS, *SYNONYMS, *ACTION_UNITS), key=len, reverse=True)


def suffix_of(
    label: Label,
    to: str | None = None,
    amount: float = 1.0,
    face: str | int = "largest",
    side_by_side: bool = False,
) -> str:
    """Returns what stands between a photo's name and its ending: "happy", "happy-0.7_surprised-0.3_amount-0.5".

    Args:
      label: as people write it; a vector, which has no name, becomes "edited".
      to: the label at the other end of a strip, if it is one.
      amount: 1 is not written down, as it is what everybody asks for.
      face: likewise "largest".
      side_by_side: whether the photo as it was is shown too.
    """
    parts = [_plain(label)]
    if to is not None:
        parts.append(f"to_{_plain(to)}")
    if amount != 1:
        parts.append(f"amount-{amount:g}")
    if face != "largest":
        parts.append(f"face-{face}")
    if side_by_side:
        parts.append("side-by-side")
    return "_".join(parts)


def beside(
    photo: pathlib.Path, suffix: str, folder: pathlib.Path | None = None, ending: str | None = None
) -> pathlib.Path:
    """Returns the path of an edited photo, in the photo's folder or another, with its ending or another."""
    return (folder or photo.parent) / f"{photo.stem}.{suffix}{ending or photo.suffix}"


def is_edited(photo: pathlib.Path, names: Collection[str], labels: Collection[str]) -> bool:
    """Says whether a file is called like an edit of another file of its folder.

    Args:
      photo: the file.
      names: the stems of the folder's photos: an edit is only one of a photo that is there.
      labels: the words of the model's labels; those that everybody's models have are known.
    """
    # "neutral_to_happy" and "happy-0.7_sad-0.3" alike: words with numbers, joined by underscores.
    words = "|".join(re.escape(word) for word in (*labels, *_WORDS, "to", "amount"))
    part = rf"(?:(?:{words})(?:{_NUMBER})?|face-(?:all|\d+)|side-by-side)"
    edit = re.compile(rf"{part}(?:_{part})*", re.IGNORECASE)
    dots = [place for place, character in enumerate(photo.stem) if character == "."]  # a number has one too
    return any(photo.stem[:dot] in names and edit.fullmatch(photo.stem[dot + 1 :]) for dot in dots)


def _plain(label: Label) -> str:
    """Returns a label without what shells and file systems mistake: "AU12=3, AU6=2" is "AU12-3_AU6-2"."""
    if isinstance(label, Mapping):
        label = ",".join(f"{name}={value:g}" for name, value in label.items())
    if not isinstance(label, str):
        return "edited"
    parts = [part.strip() for part in label.split(",") if part.strip()]
    return "_".join(re.sub(r"[^\w.+-]+", "-", part) for part in parts)
