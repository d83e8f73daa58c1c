"""Who a rendered person is: every number that makes one face differ from another, under its name.

Lengths are fractions of the picture's side (a real face is about 200 mm wide in it), positions are measured from the
face's midline (x) and from the picture's top (y). Colours are sRGB 0..1 of the surface itself, before any light.
`population.sample_identity` draws these numbers; a batch of people is the same struct with a leading axis.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float

Number = Float[Array, ""]
Colour = Float[Array, "3"]
Sides = Float[Array, "2"]
Outline = Float[Array, "6"]
Moles = Float[Array, "3 3"]
Background = Float[Array, "2 3"]


class Identity(NamedTuple):
    """One person, with the light and the room that the portrait was taken in; see the module for units."""

    # Head: relative changes of the outline's radius at chin, chin corner, jaw, cheek, temple, and of its width.
    outline: Outline
    head_depth: Number  # how far the face bulges towards the viewer
    flatness: Number  # exponent of the head's profile: 2 a sphere, 3 a flatter face with a sharper turn
    cheekbones: Number  # heights of bumps
    cheek_fat: Number
    brow_ridge: Number
    chin_boss: Number
    chin_cleft: Number
    socket_depth: Number
    lean: Number  # how far the mouth and chin are off the midline
    # Nose.
    nose_tip_y: Number
    nose_height: Number  # how far its tip stands out
    nose_half_width: Number  # at the wings
    bridge_half_width: Number
    bridge_hump: Number
    tip_size: Number
    nostril: Number  # size relative to the average
    # Eyes.
    eye_half_width: Number
    eye_height: Number  # from the line between the corners up to the lid
    eye_tilt: Number  # outer corner above the inner one
    crease: Number  # distance of the fold above the upper lid
    crease_depth: Number
    iris_radius: Number
    iris: Colour
    lashes: Number
    eye_bags: Number
    # Brows.
    brow_y: Number  # shift relative to the average
    brow_thickness: Number
    brow_arch: Number
    brow_tilt: Number
    brow_length: Number
    brow_density: Number
    # Mouth.
    mouth_y: Number
    mouth_half_width: Number
    upper_lip: Number
    lower_lip: Number
    cupid_bow: Number
    mouth_curve: Number  # corners below (positive) or above the middle
    lip: Colour
    teeth: Number  # brightness
    # Skin.
    skin: Colour
    redness: Number
    blotches: Number
    roughness: Number
    shine: Number
    freckles: Number
    age: Number  # 0 smooth, 1 deeply lined
    moles: Moles  # three times (x, y, radius)
    # Hair.
    hair: Colour
    grey: Number
    hairline_y: Number
    hairline_width: Number  # where it turns down to the temples
    recession: Number
    widows_peak: Number
    parting: Number  # x of the parting
    sweep: Number  # how far the hair falls from the parting across the temples
    fringe: Number  # y of its edge; under 0 for none
    hair_volume: Number
    hair_length: Number  # y where it ends at the sides
    curtain: Sides  # how far long hair covers the sides of the face, right and left; under 0 it lies behind the ear
    curl: Number
    hair_cover: Number  # 0 shaven, 1 dense
    beard: Number
    beard_edge: Number  # y of its upper edge on the cheek
    moustache: Number
    # Make-up, glasses, ears, neck and clothes.
    eye_shadow: Number
    eye_shadow_colour: Colour
    eyeliner: Number
    blush: Number
    glasses: Number  # 0 none, 1 worn
    glasses_half_width: Number
    glasses_half_height: Number
    glasses_squareness: Number
    glasses_rim: Number
    glasses_colour: Colour
    ear_out: Number
    ear_size: Number
    neck_half_width: Number
    neckline: Number  # y of the clothes' edge
    clothes: Colour
    # Portrait.
    light_x: Number  # direction towards the light, whose z is 1; the viewer is along z
    light_y: Number
    light_contrast: Number  # share of the light that is directed, 0..1
    light_warmth: Number
    background: Background  # at the top and at the bottom
    seed: Number  # of all textures


def stack(people: Sequence[Identity]) -> Identity:
    """Returns the people as one struct whose arrays have a leading axis, for `renderer.render_batch`."""
    return jax.tree.map(lambda *values: np.stack([np.asarray(value, np.float32) for value in values]), *people)
