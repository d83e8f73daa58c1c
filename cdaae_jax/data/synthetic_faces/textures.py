"""All noise of a picture except the hair's: what each layer is for, where it is sampled and how fine it is."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from cdaae_jax.data.alignment import EYES_Y
from cdaae_jax.data.synthetic_faces.eyes import EYE_X
from cdaae_jax.data.synthetic_faces.identity import Identity
from cdaae_jax.data.synthetic_faces.noise import layers

Plane = Float[Array, "side side"]


def textures(identity: Identity, x: Plane, y: Plane, rest_x: Plane, rest_y: Plane) -> dict[str, Plane]:
    """Planes of noise in -1..1 by name: fixed to the picture (x, y), or to the skin at rest, with which they move."""
    far = jnp.abs(rest_x)
    slant = rest_y + 0.6 * far * (1.0 - (far - 0.06) / 0.235)
    aside, down = jnp.abs(x) - EYE_X, y - EYES_Y
    radius = jnp.sqrt(aside * aside + down * down + 1e-9)
    turn_x, turn_y = aside / radius, down / radius
    return layers(
        identity.seed,
        0,
        {
            # Skin. Noise that is cut off at a threshold is rotated, or its lattice would show as squares.
            "slow": (7.0 * rest_x, 7.0 * rest_y),
            "spots": (21.0 * rest_x + 15.0 * rest_y, 21.0 * rest_y - 15.0 * rest_x),
            "dots": (80.0 * rest_x + 62.0 * rest_y, 80.0 * rest_y - 62.0 * rest_x),
            "pores": (170.0 * rest_x, 170.0 * rest_y),
            "uneven": (38.0 * rest_x, 38.0 * rest_y),
            "fine": (85.0 * rest_x, 85.0 * rest_y),
            "pits": (48.0 * rest_x, 48.0 * rest_y),
            "bend_x": (14.0 * rest_x, 14.0 * rest_y),
            "bend_y": (11.0 * rest_x, 11.0 * rest_y),
            # Lips, brows and beard.
            "creases": (110.0 * x, 14.0 * y),
            "brow_strands": (60.0 * far + 95.0 * rest_y, 130.0 * slant),
            "brow_ragged": (130.0 * far, 60.0 * rest_y),
            "beard_edge": (9.0 * rest_x, 9.0 * rest_y),
            "beard_hairs": (190.0 * rest_x + 40.0 * rest_y, 100.0 * rest_y),
            "beard_tufts": (75.0 * rest_x + 30.0 * rest_y, 40.0 * rest_y),
            # Iris.
            "rays": (7.0 * turn_x + 40.0 * radius, 7.0 * turn_y),
            "fine_rays": (16.0 * turn_x, 16.0 * turn_y + 60.0 * radius),
            # Room and clothes.
            "wall": (2.5 * x, 2.5 * y),
            "weave": (60.0 * x, 60.0 * y),
            "cloth": (9.0 * x, 5.0 * y),
        },
    )
