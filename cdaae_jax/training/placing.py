"""Photos that lie on the devices: the host says which ones a step takes, and the step fetches them.

A batch is then a few hundred bytes instead of megabytes. Which pairs are drawn stays the host's business, with NumPy's
generator, so that a run sees the same pairs wherever its photos lie. What is computed from them is equal up to
rounding, as XLA fuses the look-up with what comes after it.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from cdaae_jax.config import Data
from cdaae_jax.data.maps import Maps, mirror
from cdaae_jax.data.pairs import Batch
from cdaae_jax.data.pipeline import Photos
from cdaae_jax.data.places import Places
from cdaae_jax.errors import UserError

Tables = dict[str, Any]


def on_devices(data: Data, photos: Photos, devices: Sequence[jax.Device]) -> bool:
    """Returns whether a run keeps its photos on the devices.

    On CPU devices it would only be another copy in the host's memory, so there they do if `data.photos_on` says so.

    Raises:
      UserError: `data.photos_on` is "device" and they cannot be there.
    """
    if data.photos_on == "host":
        return False
    hindrance = None
    if photos.complete is None:
        hindrance = f"they are too many, or take more than config.data.cache_gib={data.cache_gib:g}"
    elif data.shift or data.colour:
        hindrance = "config.data.shift and config.data.colour change them on the host"
    if hindrance and data.photos_on == "device":
        raise UserError(f"config.data.photos_on is 'device', but {hindrance}; change that, or choose 'auto'")
    return hindrance is None and (data.photos_on == "device" or devices[0].platform != "cpu")


def tables(photos: Photos, maps: Maps | None, places: Places | None = None) -> Tables:
    """Returns what `look_up` looks up, as host arrays: all photos, all true maps and all true places."""
    assert photos.complete is not None
    true = {name: known.table for name, known in (("maps", maps), ("places", places)) if known}
    return {"photos": photos.complete} | true


def look_up(batch: Any, placed: Tables) -> Batch:
    """Returns the batch that was chosen, the same bytes as `pipeline.BatchMaker` makes on the host.

    Args:
      batch: `Chosen` of one device; a `Batch`, which holds photos already, is returned as it is.
      placed: `tables`, on the device.
    """
    if "source_index" not in batch:
        return batch
    mirrored = jnp.asarray(batch["mirrored"])

    def fetch(index: Array) -> Array:
        pictures = placed["photos"][index]
        return jnp.where(mirrored[:, None, None, None], pictures[:, :, ::-1], pictures)

    made: Any = {
        "source": fetch(batch["source_index"]),
        "target": fetch(batch["target_index"]),
        "label": batch["label"],
    }
    small = ("label_known", "shown", "shown_known", "lips", "lips_known")
    made |= {name: batch[name] for name in small if name in batch}
    if "maps_row" in batch:
        row = jnp.asarray(batch["maps_row"])
        maps = jnp.where((row >= 0)[:, None, None, None], placed["maps"][row], 0)
        made["maps"], made["maps_known"] = mirror(maps, mirrored, jnp), batch["maps_known"]
    if "place_row" in batch:
        place = placed["places"][jnp.asarray(batch["place_row"])]
        made["place"], made["place_known"] = mirror(place, mirrored, jnp), batch["place_known"]
    return made
