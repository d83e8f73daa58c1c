"""Emotion and action-unit vocabularies, and the one parser from what people write to label vectors.

A label vector is float32 [L], one number per name of a `LabelSpace`:
  emotions  weights that say how much of each expression is wanted; 1 is the full expression. If `neutral` is not
            given, it gets what the others leave of 1: "happy=0.5" is half a smile, "happy=1.3" exaggerates.
  AUs       FACS intensities 0..5 (A=1 ... E=5) outside, divided by 5 inside.
  both      emotions and AUs together. What a label does not name is 0, which says: not given. So is `neutral` where
            only AUs are named; the network has learnt from sets that know the one or the other.
"""

import dataclasses
import difflib
import re
from collections.abc import Mapping, Sequence

import numpy as np

from cdaae_jax.errors import UserError

# The eight expressions of the Radboud Faces Database (Langner et al. 2010), neutral first.
EMOTIONS = ("neutral", "happy", "sad", "surprised", "fearful", "disgusted", "angry", "contemptuous")

# Other words for the same expressions, as data sets and people write them.
SYNONYMS = {
    "neutrality": "neutral",
    "happiness": "happy",
    "joy": "happy",
    "smile": "happy",
    "smiling": "happy",
    "sadness": "sad",
    "surprise": "surprised",
    "fear": "fearful",
    "afraid": "fearful",
    "disgust": "disgusted",
    "anger": "angry",
    "contempt": "contemptuous",
}

# The action units of FACS (Ekman, Friesen & Hager 2002) and the movements they stand for.
ACTION_UNITS = {
    "AU1": "inner brow raiser",
    "AU2": "outer brow raiser",
    "AU4": "brow lowerer",
    "AU5": "upper lid raiser",
    "AU6": "cheek raiser",
    "AU7": "lid tightener",
    "AU9": "nose wrinkler",
    "AU10": "upper lip raiser",
    "AU12": "lip corner puller",
    "AU14": "dimpler",
    "AU15": "lip corner depressor",
    "AU17": "chin raiser",
    "AU20": "lip stretcher",
    "AU23": "lip tightener",
    "AU24": "lip pressor",
    "AU25": "lips part",
    "AU26": "jaw drop",
    "AU43": "eyes closed",
}

# Contempt pulls up one corner of the mouth, so its mirror image is another expression (FACS: R12 and R14, by side).
ONE_SIDED_EMOTIONS = ("contemptuous",)

# The twelve action units that DISFA (Mavadati et al. 2013) codes.
DISFA_AUS = ("AU1", "AU2", "AU4", "AU5", "AU6", "AU9", "AU12", "AU15", "AU17", "AU20", "AU25", "AU26")

# The action units (FACS 0..5) of each full emotion, as the rig draws it that the models which ship were trained on.
# Contempt is one-sided, which units of both sides cannot say.
EMOTION_UNITS: dict[str, dict[str, float]] = {
    "happy": {"AU6": 3.5, "AU12": 4.0, "AU25": 1.75},
    "sad": {"AU1": 4.5, "AU4": 2.0, "AU15": 4.0, "AU17": 2.5},
    "surprised": {"AU1": 4.5, "AU2": 4.5, "AU5": 4.0, "AU25": 1.5, "AU26": 4.5},
    "fearful": {"AU1": 4.5, "AU2": 2.5, "AU4": 2.0, "AU5": 4.5, "AU20": 4.0, "AU25": 2.5, "AU26": 1.5},
    "disgusted": {"AU4": 2.5, "AU7": 2.0, "AU9": 4.5, "AU10": 1.75, "AU15": 2.5, "AU17": 3.0},
    "angry": {"AU4": 5.0, "AU5": 2.5, "AU7": 3.0, "AU9": 1.25, "AU17": 3.0, "AU23": 4.0},
}

MAX_EMOTION = 1.5  # 1 is the full expression; above 1 it is exaggerated, and networks still draw a face
MAX_AU = 5.0

KINDS = ("emotion", "au", "both")
_UNIT = re.compile(r"AU\d+[LR]?", re.IGNORECASE)

Label = str | Mapping[str, float] | np.ndarray


def canonical_emotion(word: str) -> str:
    """Returns the project's name of an expression ("Smiling" -> "happy"); other words are stripped and lower-cased."""
    word = word.strip().lower()
    return SYNONYMS.get(word, word)


def canonical(word: str) -> str:
    """Returns the project's name of an action unit ("au12" -> "AU12") or of an expression (`canonical_emotion`)."""
    return word.strip().upper() if is_unit(word) else canonical_emotion(word)


def is_unit(name: str) -> bool:
    """Returns whether a name is that of an action unit."""
    return _UNIT.fullmatch(name.strip()) is not None


def nearest(word: str, known: Sequence[str]) -> list[str]:
    """Returns all names in `known`, the most similar to `word` first."""
    return sorted(known, key=lambda name: -difflib.SequenceMatcher(None, word.lower(), name.lower()).ratio())


@dataclasses.dataclass(frozen=True)
class LabelSpace:
    """The meaning of a label vector.

    Attributes:
      kind: one of `KINDS`.
      names: what each of the L entries stands for, e.g. ("neutral", "happy") or ("AU1", "AU12").
    """

    kind: str
    names: tuple[str, ...]

    def __post_init__(self):
        if self.kind not in KINDS:
            raise UserError(f"label kind {self.kind!r} is unknown: use 'emotion', 'au' or 'both'")
        if not self.names or len(set(self.names)) != len(self.names):
            raise UserError(f"label names {list(self.names)} must be at least one and all different")

    @property
    def size(self) -> int:
        """L, the length of a label vector."""
        return len(self.names)

    def is_unit(self, name: str) -> bool:
        """Returns whether a name is that of an action unit; what a set of emotions calls its own is none."""
        return self.kind == "au" or (self.kind == "both" and is_unit(name))

    def full(self, name: str) -> float:
        """Returns the amount of a name that is 1 inside: 5 for an action unit, 1 for an emotion."""
        return MAX_AU if self.is_unit(name) else 1.0

    @property
    def one_sided(self) -> np.ndarray:
        """Bool [L]: the entries whose meaning changes in a mirror (contempt, AU12R, AU14L)."""
        return np.array([name in ONE_SIDED_EMOTIONS or name.endswith(("L", "R")) for name in self.names])

    def parse(self, label: Label) -> np.ndarray:
        """Returns the vector of a label as people write it.

        Args:
          label: "happy", "happy=0.7,surprised=0.3", {"happy": 0.7}, {"AU12": 3, "AU6": 2}, or a float vector [L], which
            must be in the network's own range already and is returned unchanged.

        Returns:
          float32 [L]. AU intensities are divided by 5; a `neutral` that is not given gets what the others leave of 1.

        Raises:
          UserError: an unknown name (the message lists the known ones, nearest first), an emotion outside 0..1.5, an
            AU outside 0..5, a value that is not a number, a name that is given twice, or an empty label.
        """
        if not isinstance(label, str | Mapping):
            try:
                vector = np.asarray(label, np.float32)
            except (TypeError, ValueError, OverflowError):
                vector = None
            if vector is None or vector.shape != (self.size,) or not np.isfinite(vector).all():
                given = " ".join(repr(label).split())[:80]
                raise UserError(
                    f"a label vector has {self.size} finite numbers, one each for {', '.join(self.names)}; got {given}"
                )
            return vector
        amounts = self._amounts(label)
        emotions = [amount for name, amount in amounts.items() if not self.is_unit(name)]
        if emotions and "neutral" in self.names and "neutral" not in amounts:
            amounts["neutral"] = 1.0 - sum(emotions)
        return np.array([amounts.get(name, 0.0) / self.full(name) for name in self.names], np.float32)

    def mix(self, start: np.ndarray, end: np.ndarray, amount: float) -> np.ndarray:
        """Returns (1 - amount) * start + amount * end; an amount above 1 goes past `end`."""
        return ((1.0 - amount) * start + amount * end).astype(np.float32)

    def describe(self, vector: np.ndarray) -> str:
        """Returns a vector as text ("happy=0.7,surprised=0.3"), which `parse` reads back if its numbers are in range.

        Zeros are left out, and so is a `neutral` that `parse` fills in by itself.
        """
        given = {name: float(v) * self.full(name) for name, v in zip(self.names, vector, strict=True)}
        amounts = {name: amount for name, amount in given.items() if abs(amount) > 1e-6}
        if "neutral" in given:
            neutral = amounts.pop("neutral", 0.0)
            emotions = [amount for name, amount in amounts.items() if not self.is_unit(name)]
            filled_in = 1.0 - sum(emotions) if emotions else 0.0
            if not amounts or abs(filled_in - neutral) > 1e-5:
                amounts = {"neutral": neutral, **amounts}
        return ",".join(f"{name}={amount:g}" for name, amount in amounts.items()) or f"{self.names[0]}=0"

    def _amounts(self, label: str | Mapping[str, float]) -> dict[str, float]:
        if isinstance(label, str):
            items = [part.partition("=") for part in label.split(",") if part.strip()]
            pairs = [(name, value if equals else self.full(name)) for name, equals, value in items]
        else:
            pairs = list(label.items())
        if not pairs:
            raise UserError(f"an empty label; write for example {self._example()}")
        amounts: dict[str, float] = {}
        for name, value in pairs:
            name = self._name(name)
            if name in amounts:
                raise UserError(f"{name} is given twice in the label {label!r}; give it once")
            amounts[name] = self._amount(name, value)
        return amounts

    def _name(self, word: str) -> str:
        word = str(word)
        name = word.strip().upper() if self.is_unit(word) else canonical_emotion(word)
        if name not in self.names:
            what = "action unit" if self.is_unit(word) else "expression"
            raise UserError(f"unknown {what} {word.strip()!r}; this model knows {', '.join(nearest(name, self.names))}")
        return name

    def _amount(self, name: str, value: float | str) -> float:
        top = MAX_AU if self.is_unit(name) else MAX_EMOTION
        try:
            amount = float(value)
        except (TypeError, ValueError, OverflowError):
            raise UserError(f"{name}={value} is not a number; write for example {self._example()}") from None
        if not 0.0 <= amount <= top:
            unit = "FACS intensities go from 0 to 5" if self.is_unit(name) else f"emotions go from 0 to {top}"
            raise UserError(f"{name}={amount:g} is out of range: {unit}")
        return amount

    def _example(self) -> str:
        return f"{self.names[-1]}={3 if self.is_unit(self.names[-1]) else 0.7}"
