"""A sampler as two functions of plain arrays, `change` and `apply`, and the proof that exported ones do the same.

    change(photo, label)                               -> flow, shift, mask, paint (those that the model has)
    apply_SIZE(photo, flow, shift, mask, paint, amount) -> the changed photo

All arrays are float32 with the number of photos, n, as their first axis. `change` sees photos at the network's size,
`apply` changes photos at SIZE. Photos and paint are in [-1, 1], that is grey level / 127.5 - 1.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from cdaae_jax import images
from cdaae_jax.exporting import trial
from cdaae_jax.models import change as changes
from cdaae_jax.models.change import Change
from cdaae_jax.sampling import Sampler

Arrays = Sequence[Float[Array | np.ndarray, "n ..."]]
_FIELDS = ("flow", "shift", "mask", "paint")


class Unlike(Exception):
    """An exported program does not do what the sampler does; the message says by how much."""


@dataclasses.dataclass(frozen=True)
class Program:
    """A function that is exported.

    Attributes:
      name: of its file.
      function: from as many arrays as there are inputs to a tuple of as many as there are outputs.
      inputs: by name, the shape without the first axis.
      outputs: likewise.
    """

    name: str
    function: Callable[..., tuple[Any, ...]]
    inputs: dict[str, tuple[int, ...]]
    outputs: dict[str, tuple[int, ...]]


def of_sampler(sampler: Sampler, size: int) -> tuple[Program, Program]:
    """Returns `change` and `apply` for photos of `size` pixels."""
    network = sampler.network_size
    asked = {"photo": (network, network, 3), "label": (sampler.labels.size,)}

    def generate(photo: jax.Array, label: jax.Array) -> Change:
        return sampler.generator.apply({"params": sampler.params}, photo, label).change

    one = [jax.ShapeDtypeStruct((1, *shape), jnp.float32) for shape in asked.values()]
    made = jax.eval_shape(generate, *one)
    fields = {name: getattr(made, name).shape[1:] for name in _FIELDS if getattr(made, name) is not None}

    def change(photo: jax.Array, label: jax.Array) -> tuple[jax.Array, ...]:
        change = generate(photo, label)
        return tuple(getattr(change, name) for name in fields)

    def apply(photo: jax.Array, *rest: jax.Array) -> tuple[jax.Array, ...]:
        *values, amount = rest
        return (changes.apply(Change(**dict(zip(fields, values, strict=True))), photo, amount, sharp=True),)

    photo = {"photo": (size, size, 3)}
    return (
        Program("change", change, asked, fields),
        Program(f"apply_{size}", apply, photo | fields | {"amount": ()}, {"changed": photo["photo"]}),
    )


def compare(
    sampler: Sampler,
    change: Callable[..., Arrays],
    apply: Callable[..., Arrays],
    photos: UInt8[np.ndarray, "n s s 3"],
) -> str:
    """Edits photos by the exported programs and by the sampler.

    Args:
      sampler: what was exported.
      change: runs the exported `change`.
      apply: runs the exported `apply` for the size of the photos.
      photos: aligned.

    Returns:
      The largest differences, in words.

    Raises:
      Unlike: a pixel of an edit is more than one grey level off, or a value of a change that is not tiny.
    """
    size = photos.shape[1]
    pictures, vectors = trial.each_with_every_label(photos, sampler.labels.size)
    as_network = np.asarray(images.to_network(pictures))
    small = np.asarray(changes.shrink(jnp.asarray(as_network), sampler.network_size))
    fields = [np.asarray(values) for values in change(small, vectors)]
    made = apply(as_network, *fields, np.ones(len(pictures), np.float32))[0]

    at_size = dataclasses.replace(sampler, image_size=size)
    expected = at_size.change(pictures, vectors)
    ours = [getattr(expected, name) for name in _FIELDS if getattr(expected, name) is not None]
    fields_apart = max(float(np.abs(a - b).max()) for a, b in zip(fields, ours, strict=True))
    levels_apart = trial.grey_levels_apart(
        np.asarray(images.to_uint8(jnp.asarray(made))), at_size.edit(pictures, vectors)
    )
    said = (
        f"on {len(photos)} photos with {sampler.labels.size} labels each, changes are at most {fields_apart:.1e} from "
        f"the sampler's, and edits at {size} px at most {levels_apart} of 255 grey levels"
    )
    if levels_apart > 1 or not fields_apart < 1e-3:
        raise Unlike(said)
    return said
