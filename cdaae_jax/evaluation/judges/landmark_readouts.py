"""One number per action unit, computed from a face's landmarks, that grows with the action unit.

Distances in the face's own frame, in inter-pupil distances, after what FACS (Ekman, Friesen & Hager 2002) says each
action unit moves. They depend on the person's face,
so compare only pictures of one person. They are not exclusive either: action units that move the same point (AU6 and
AU7, AU15 and AU20) move the same number.

Chosen on the synthetic rig's `au` pictures (one action unit at a time, intensities 1 to 5, 80 people). In brackets:
correlation of the change from the same person's other pictures with the intensity.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from cdaae_jax.faces.networks import PUPILS

Points = Float[np.ndarray, "n 478 2"]
Values = Float[np.ndarray, "n"]

# MediaPipe's numbers of points; of pairs, the person's right side first.
EYE_CORNERS = (33, 133, 362, 263)  # outer and inner, inner and outer
INNER_BROWS = (55, 107, 285, 336)
OUTER_BROWS = (70, 63, 46, 300, 293, 276)
UPPER_LIDS = (158, 159, 160, 385, 386, 387)
LOWER_LIDS = (144, 145, 153, 373, 374, 380)
NOSTRILS = (129, 98, 64, 358, 327, 294)
NOSE_BASE = (2,)
MOUTH_CORNERS = (61, 291)
LIP_OUTLINE = (0, 17)  # the middle of the upper lip's upper edge and of the lower lip's lower edge
UPPER_LIP_INNER = (82, 13, 312)
LOWER_LIP_INNER = (87, 14, 317)
LOWER_LIP = (84, 17, 314)
CHIN = (148, 152, 377)

# The blendshapes (means of left and right) that stand for the same movement. noseSneer, for AU9, never changes; AU25
# has none.
BLENDSHAPES: Mapping[str, str] = {
    "AU1": "browInnerUp",
    "AU2": "browOuterUp",
    "AU4": "browDown",
    "AU5": "eyeWide",
    "AU6": "eyeSquint",
    "AU12": "mouthSmile",
    "AU15": "mouthFrown",
    "AU17": "mouthShrugLower",
    "AU20": "mouthStretch",
    "AU26": "jawOpen",
}


def face_frame(points: Points) -> Points:
    """Points [N, 478, 2] in the face's own frame: from the middle of the eye corners, x along the eyes, y down.

    The unit is the inter-pupil distance. The eye corners carry the frame, because none of the twelve action units
    moves them as a whole.
    """
    right, left = points[:, EYE_CORNERS[:2]].mean(axis=1), points[:, EYE_CORNERS[2:]].mean(axis=1)
    along = (left - right) / np.linalg.norm(left - right, axis=-1, keepdims=True)
    down = np.stack([-along[:, 1], along[:, 0]], axis=-1)
    offset = points - (right + left)[:, None] / 2
    turned = np.stack([(offset * along[:, None]).sum(axis=-1), (offset * down[:, None]).sum(axis=-1)], axis=-1)
    pupils = points[:, PUPILS]
    return turned / np.linalg.norm(pupils[:, 1] - pupils[:, 0], axis=-1)[:, None, None]


def readouts(points: Points) -> dict[str, Values]:
    """The read-outs [N] of the 12 action units of DISFA, from landmarks [N, 478, 2] in pixels (`Faces.points`).

    Unit: inter-pupil distances. Rows of NaN stay NaN.
    """
    frame = face_frame(points)

    def height(*groups):
        return [-frame[:, group, 1].mean(axis=1) for group in groups]

    inner_brows, outer_brows = height(INNER_BROWS, OUTER_BROWS)
    upper_lids, lower_lids = height(UPPER_LIDS, LOWER_LIDS)
    nostrils, nose_base, chin = height(NOSTRILS, NOSE_BASE, CHIN)
    corners, outline, lower_lip = height(MOUTH_CORNERS, LIP_OUTLINE, LOWER_LIP)
    upper_inner, lower_inner = height(UPPER_LIP_INNER, LOWER_LIP_INNER)
    brow_gap = frame[:, INNER_BROWS[2:], 0].mean(axis=1) - frame[:, INNER_BROWS[:2], 0].mean(axis=1)
    return {
        "AU1": inner_brows,  # inner brows above the eyes (0.95)
        "AU2": outer_brows,  # outer brows above the eyes (0.91)
        "AU4": -inner_brows - brow_gap,  # brows lowered and drawn together (0.90)
        "AU5": upper_lids - lower_lids,  # opening of the eyes (0.53: the rig's lids hardly rise)
        "AU6": lower_lids,  # lower lids pushed up by the cheeks (0.89)
        "AU9": nostrils,  # wings of the nose pulled up (0.97)
        "AU12": corners - outline,  # mouth corners above the middle of the lips (0.94)
        "AU15": (upper_inner + lower_inner) / 2 - corners,  # mouth corners below the line between the lips (0.89)
        "AU17": lower_lip,  # lower lip pushed up (0.94)
        "AU20": frame[:, MOUTH_CORNERS[1], 0] - frame[:, MOUTH_CORNERS[0], 0],  # width of the mouth (0.95)
        "AU25": upper_inner - lower_inner,  # gap between the lips (0.94)
        "AU26": nose_base - chin,  # chin below the nose (0.82)
    }
