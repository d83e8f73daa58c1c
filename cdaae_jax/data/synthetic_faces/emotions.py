"""What each emotion does to a face: AU recipes, and mixtures of them.

The AUs are those of the emotion prototypes of EMFACS (Friesen & Ekman 1983; Ekman, Friesen & Hager 2002, FACS
Investigator's Guide), which the Radboud models were coached with (Langner et al. 2010, Cognition & Emotion 24), and
of the consistently used AUs of Du, Tao & Martinez (2014, PNAS 111, table 1). Neither source gives intensities. For
anger, disgust and fear, the intensities and the optional AUs were chosen by what face-api's classifier reads in drawn
people (`cdaae_jax.evaluation.judges.face_api`), so its scores for these three are not an independent check.
"""

import numbers
from collections.abc import Mapping

import numpy as np

from cdaae_jax.data.synthetic_faces.action_units import au_vector
from cdaae_jax.errors import UserError
from cdaae_jax.labels import EMOTIONS, MAX_AU, canonical_emotion, nearest

RECIPES: dict[str, dict[str, float]] = {
    "neutral": {},
    "happy": {"AU6": 3.0, "AU12": 4.0, "AU25": 3.0},
    "sad": {"AU1": 4.0, "AU4": 2.5, "AU15": 4.0, "AU17": 2.5},
    "surprised": {"AU1": 4.0, "AU2": 4.0, "AU5": 4.0, "AU25": 3.0, "AU26": 4.0},
    "fearful": {"AU1": 4.0, "AU2": 1.0, "AU4": 2.5, "AU5": 4.5, "AU7": 1.0, "AU20": 4.5, "AU25": 2.5, "AU26": 2.0},
    "disgusted": {"AU7": 1.0, "AU9": 4.5, "AU10": 2.5, "AU15": 3.5, "AU25": 1.5, "AU26": 2.0},
    "angry": {"AU4": 4.5, "AU5": 2.0, "AU7": 3.0, "AU10": 3.5, "AU17": 1.0, "AU23": 2.0, "AU25": 2.5},
    # Contempt is one-sided. Either side would do; here it is everybody's own right side.
    "contemptuous": {"AU12R": 2.0, "AU14R": 4.5},
}


def emotion_aus(weights: Mapping[str, float]) -> np.ndarray:
    """Returns the AU intensities of a mixture of emotions, float32 [22] in the order of `action_units.AU_NAMES`.

    Args:
      weights: how much of each emotion, e.g. {"happy": 0.7, "surprised": 0.3}; 1 is the full recipe.

    Returns:
      The recipes times their weights, added and clipped to FACS 0..5.

    Raises:
      UserError: an emotion is not in `labels.EMOTIONS`, or a weight is negative or not a number.
    """
    total = np.zeros_like(au_vector({}))
    for word, weight in weights.items():
        name = canonical_emotion(str(word))
        if name not in RECIPES:
            raise UserError(f"unknown expression {word!r}; the renderer knows {', '.join(nearest(name, EMOTIONS))}")
        if not (isinstance(weight, numbers.Real) and 0.0 <= weight < np.inf):
            raise UserError(
                f"{name}={weight!r} is not a weight; write a number of 0 or more, where 1 is the full expression"
            )
        total += np.float32(weight) * au_vector(RECIPES[name])
    return np.clip(total, 0.0, MAX_AU)
