"""The people that the renderer draws: a seeded distribution, wide in every way in which faces vary.

Where landmarks show a size, its mean is that of the 80 London people in the same crop, and its spread up to a third
wider, because drawn people differ in fewer ways than real ones. The rest was set by eye. Traits are only loosely
correlated (dark skin with dark hair and fuller lips, age with grey hair and lines), so that no trait can be told from
another.
"""

import jax
import numpy as np

from cdaae_jax.data.synthetic_faces.identity import Identity
from cdaae_jax.errors import UserError

# Skin from very light to very dark, and hair from black to white: our own choice of colours, 0..255 sRGB.
SKINS = (
    (234, 203, 186),
    (226, 190, 168),
    (214, 174, 147),
    (197, 152, 122),
    (165, 121, 94),
    (131, 93, 71),
    (96, 67, 53),
)
DARKEST_SKIN = (66, 45, 36)
HAIRS = ((20, 17, 16), (38, 27, 22), (62, 43, 31), (92, 65, 45), (130, 97, 64), (180, 146, 100), (208, 180, 138))
RED_HAIR = (138, 66, 32)
IRISES = ((44, 28, 18), (66, 42, 24), (96, 66, 36), (112, 98, 58), (92, 108, 84), (104, 128, 142), (82, 118, 158))
CLOTHES = ((30, 32, 38), (225, 225, 222), (52, 66, 96), (120, 40, 44), (84, 96, 84), (150, 150, 152), (190, 170, 140))
FRAMES = ((18, 16, 16), (60, 38, 26), (110, 110, 114), (130, 100, 50), (90, 24, 30))
LIPSTICKS = ((150, 40, 56), (176, 76, 84), (120, 44, 62), (190, 100, 100))


def _palette(colours, place):
    """The colour at `place` 0..1 along a list of 0..255 colours, as sRGB 0..1."""
    table = np.asarray(colours, np.float64) / 255.0
    return np.stack([np.interp(place * (len(table) - 1), np.arange(len(table)), column) for column in table.T])


def sample_identity(seed: int) -> Identity:
    """Returns person number `seed`; the same seed always gives the same person.

    Args:
      seed: a whole number from 0.

    Returns:
      An `Identity` of float32 arrays.

    Raises:
      UserError: `seed` is negative or not a whole number.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise UserError(f"seed {seed!r} is not a person's number; give a whole number of 0 or more")
    rng = np.random.default_rng([0xFACE, int(seed)])

    def normal(mean, spread, low=-2.2, high=2.2):
        return mean + spread * np.clip(rng.normal(), low, high)

    def chance(probability):
        return float(rng.random() < probability)

    female = chance(0.5)
    woman = np.clip(female + rng.normal() * 0.15, 0.0, 1.0)
    age = rng.beta(1.3, 1.7)
    dark = rng.random()
    broad = np.clip(0.5 * dark + 0.5 * rng.random(), 0.0, 1.0)  # nose and lips
    folded = chance(0.2)  # a lid without a visible crease

    skin = _palette((*SKINS, DARKEST_SKIN), dark) * (1.0 + rng.normal(size=3) * (0.02, 0.010, 0.02))
    hair_place = np.clip(rng.beta(1.3, 1.4) * (1.0 - 0.95 * dark), 0.0, 1.0)
    hair = _palette(HAIRS, hair_place)
    if dark < 0.35 and chance(0.12):
        hair = _palette((RED_HAIR, HAIRS[4]), rng.random() * 0.5)
    grey = np.clip((age - 0.45) * 2.2 + rng.normal() * 0.35, 0.0, 1.0) * chance(0.8)
    iris = _palette(IRISES, np.clip(rng.random() ** 0.9 * (1.0 - 1.3 * dark) + 0.08 * rng.random(), 0.0, 1.0))

    bald = (1.0 - female) * chance(0.10 + 0.25 * age)
    shaven = (1.0 - female) * (1.0 - bald) * chance(0.15)
    long_hair = (1.0 - bald) * (1.0 - shaven) * chance(0.65 if female else 0.08)
    fringe = (1.0 - bald) * (1.0 - shaven) * chance(0.22 if female else 0.14)
    swept = (1.0 - fringe) * (1.0 - bald) * chance(0.55 if female else 0.25)
    bearded = (1.0 - female) * chance(0.5)
    beard = bearded * rng.choice([0.25, 0.4, 0.75, 1.0], p=[0.35, 0.25, 0.2, 0.2])
    made_up = female * chance(0.55)
    curl = rng.random() ** 1.6 if dark < 0.6 else rng.beta(2.0, 1.2)

    lip = skin * (0.84, 0.60, 0.62) * (1.0 + rng.normal(size=3) * 0.05)
    if made_up and chance(0.6):
        lip = lip + (_palette(LIPSTICKS, rng.random()) * (0.55 + 0.6 * skin.mean()) - lip) * rng.uniform(0.4, 0.9)
    wall = np.full(3, rng.uniform(0.12, 0.88)) * (1.0 + rng.normal(size=3) * 0.07)
    frame = _palette(FRAMES, rng.integers(len(FRAMES)) / (len(FRAMES) - 1))

    values = dict(
        outline=rng.normal(size=6).clip(-1.7, 1.7) * (0.056, 0.030, 0.036, 0.035, 0.035, 0.055)
        + np.array([-0.03, -0.05, -0.05, 0.0, 0.0, -0.02]) * (woman - 0.4),
        head_depth=normal(0.40, 0.03),
        flatness=normal(2.25, 0.18),
        cheekbones=normal(0.016, 0.008),
        cheek_fat=normal(0.012, 0.012),
        brow_ridge=normal(0.016 - 0.010 * woman, 0.006),
        chin_boss=normal(0.024, 0.008),
        chin_cleft=max(0.0, normal(-0.3, 0.5)),
        socket_depth=normal(0.030 - 0.010 * folded, 0.007),
        lean=normal(0.0, 0.006),
        nose_tip_y=normal(0.540, 0.021),
        nose_height=normal(0.090 - 0.012 * broad, 0.015),
        nose_half_width=normal(0.072 + 0.026 * broad, 0.0095),
        bridge_half_width=normal(0.027 + 0.010 * broad, 0.0055),
        bridge_hump=normal(0.002 - 0.004 * broad, 0.006),
        tip_size=normal(1.0, 0.16),
        nostril=normal(1.0, 0.2),
        eye_half_width=normal(0.0665, 0.0040),
        eye_height=normal(0.0325 - 0.0035 * folded - 0.003 * age, 0.0048),
        eye_tilt=normal(0.003 + 0.006 * folded, 0.0095),
        crease=np.clip(normal(0.019 + 0.004 * woman, 0.0075), 0.006, 0.04),
        crease_depth=np.clip(normal(0.9 - 0.75 * folded, 0.2), 0.0, 1.3),
        iris_radius=normal(0.0305, 0.0012),
        iris=iris,
        lashes=np.clip(normal(0.35 + 0.35 * woman, 0.15), 0.1, 1.0),
        eye_bags=np.clip(normal(0.25 + 0.6 * age, 0.25), 0.0, 1.2),
        brow_y=normal(0.004 - 0.006 * woman, 0.014),
        brow_thickness=np.clip(normal(0.0155 - 0.0035 * woman, 0.0046), 0.006, 0.026),
        brow_arch=normal(0.034 + 0.006 * woman, 0.013),
        brow_tilt=normal(0.0, 0.013),
        brow_length=normal(0.235, 0.014),
        brow_density=np.clip(normal(0.85, 0.18), 0.3, 1.1),
        mouth_y=normal(0.719, 0.021),
        mouth_half_width=normal(0.122, 0.0135),
        upper_lip=np.clip(normal(0.031 + 0.016 * broad, 0.009), 0.014, 0.06),
        lower_lip=np.clip(normal(0.043 + 0.014 * broad, 0.010), 0.022, 0.07),
        cupid_bow=np.clip(normal(0.0065, 0.0035), 0.0, 0.013),
        mouth_curve=normal(0.004, 0.006),
        lip=lip,
        teeth=rng.uniform(0.72, 0.98),
        skin=skin,
        redness=np.clip(normal(0.5 * (1.2 - dark), 0.25), 0.05, 1.2),
        blotches=np.clip(normal(0.5, 0.3), 0.05, 1.3),
        roughness=np.clip(normal(0.6 - 0.25 * made_up + 0.3 * age, 0.25), 0.15, 1.3),
        shine=np.clip(normal(0.55, 0.3), 0.05, 1.3),
        freckles=chance(0.30 * (dark < 0.55)) * rng.uniform(0.25, 0.8),
        age=age,
        moles=np.stack(
            [
                rng.uniform(-0.27, 0.27, 3),
                rng.uniform(0.42, 0.85, 3),
                rng.uniform(0.002, 0.0065, 3) * (rng.random(3) < 0.4),
            ],
            axis=1,
        ),
        hair=hair,
        grey=grey,
        hairline_y=np.clip(normal(0.085, 0.035), 0.0, 0.16) - 0.4 * bald,
        hairline_width=normal(0.340, 0.016) - 0.03 * bald,
        recession=(1.0 - female) * np.clip(normal(0.09 * age, 0.05), 0.0, 0.16),
        widows_peak=np.clip(normal(0.004, 0.014), 0.0, 0.05),
        parting=rng.choice([-1.0, 1.0]) * rng.uniform(0.0, 0.16),
        sweep=swept * rng.uniform(0.3, 1.0),
        fringe=rng.uniform(0.17, 0.245) if fringe else -1.0,
        hair_volume=(0.012 if shaven or bald else rng.uniform(0.03, 0.13) + 0.10 * curl * chance(0.5)),
        hair_length=rng.uniform(0.62, 1.25) if long_hair else rng.uniform(0.36, 0.50) - 0.06 * female,
        curtain=long_hair * (rng.uniform(-0.02, 0.09, 2) - 0.075 * (rng.random(2) < 0.3)),
        curl=curl,
        hair_cover=0.55 if shaven else (0.75 if bald else 1.0),
        beard=beard,
        beard_edge=rng.uniform(0.58, 0.74),
        moustache=bearded * (rng.uniform(0.5, 1.0) if chance(0.85) else 0.0),
        eye_shadow=made_up * rng.uniform(0.0, 0.7),
        eye_shadow_colour=_palette(((96, 70, 62), (88, 74, 92), (60, 56, 60), (140, 100, 84)), rng.random()),
        eyeliner=made_up * rng.uniform(0.2, 1.0),
        blush=made_up * rng.uniform(0.0, 0.8),
        glasses=chance(0.12),
        glasses_half_width=rng.uniform(0.110, 0.136),
        glasses_half_height=rng.uniform(0.068, 0.100),
        glasses_squareness=rng.uniform(2.0, 5.0),
        glasses_rim=rng.uniform(0.004, 0.013),
        glasses_colour=frame,
        ear_out=np.clip(normal(0.050, 0.020), 0.01, 0.095),
        ear_size=normal(0.082, 0.008),
        neck_half_width=normal(0.255 - 0.045 * woman, 0.018),
        neckline=rng.uniform(0.96, 1.12),
        clothes=_palette(CLOTHES, rng.random()),
        light_x=rng.uniform(-0.75, 0.75),
        light_y=rng.uniform(-0.75, -0.10),
        light_contrast=rng.uniform(0.35, 0.75),
        light_warmth=normal(0.01, 0.03),
        background=np.clip(np.stack([wall, wall * rng.uniform(0.7, 1.2)]), 0.03, 0.97),
        seed=float(rng.integers(1 << 20)),
    )
    return Identity(**jax.tree.map(lambda value: np.asarray(value, np.float32), values))
