"""Tiny configurations, batches and pictures for tests."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax

from cdaae_jax.config import Config, Data, Loss, Model, Optim, Run
from cdaae_jax.config_fields import to_dict
from cdaae_jax.data.dataset import FaceDataset, Split
from cdaae_jax.faces.finder import EYES, Face
from cdaae_jax.labels import LabelSpace
from cdaae_jax.models import change, registry
from cdaae_jax.models.generators import Generated
from cdaae_jax.sampling import Sampler
from cdaae_jax.state import NETWORKS, TrainState

SPACE = LabelSpace("emotion", ("neutral", "happy"))


def make_tiny_config(**sections) -> Config:
    """A configuration whose step compiles and runs in seconds; keyword arguments replace whole sections."""
    defaults = dict(
        data=Data(manifests=("faces.csv",), held_out=1),
        model=Model(image_size=32, width=4, latent_size=6, discriminator_width=4, discriminator_dense=8),
        loss=Loss(image_weight=0.1, latent_weight=0.1, total_variation_weight=0.01, warmup_steps=0),
        optim=Optim(learning_rate=1e-3, warmup_steps=0),
        run=Run(
            steps=4, batch_size=8, num_devices=1, log_steps=2, grid_steps=4, checkpoint_steps=2, checkpoint_minutes=0
        ),
    )
    return Config(**(defaults | sections))


def make_sampler(seed: int = 0, **model) -> Sampler:
    """A tiny model that nobody trained, whose changes can be seen; its meta is what a checkpoint's would be."""
    config = make_tiny_config()
    config.model = dataclasses.replace(config.model, **model)
    generator = registry.build(config.model).generator
    size = config.model.image_size
    shapes = jax.eval_shape(
        generator.init, jax.random.key(0), jnp.zeros((1, size, size, 3)), jnp.zeros((1, SPACE.size))
    )
    random = np.random.default_rng(seed)
    params = jax.tree.map(lambda leaf: random.normal(0, 0.1, leaf.shape).astype(np.float32), shapes["params"])
    if "atlas" in params:
        params["atlas"]["flow"] *= 0.1  # no skin moves three pixels while its neighbour stays
    meta = {
        "format": 2,
        "step": 4,
        "config": to_dict(config),
        "labels": {"kind": SPACE.kind, "names": list(SPACE.names)},
        "people": {"train": ["p1", "p2"], "validation": [], "test": ["p3"]},
        "fingerprint": "f00d" * 16,
        "versions": {"cdaae_jax": "0.2", "jax": "0.10", "flax": "0.12", "optax": "0.2"},
        "structure": {"model": {}, "train": {}},
        "crc32": {"model": 0, "train": 0, "meta": 0},
    }
    return Sampler(generator, jax.device_put(params), SPACE, size, size, meta)


def picture_of(generated: Generated, photo: jax.Array) -> jax.Array:
    """What a generator's change makes of the photo."""
    return change.apply(generated.change, photo)


def make_batch(count: int, num_labels: int = 3, size: int = 32, seed: int = 0) -> dict[str, np.ndarray]:
    """Random pictures and one-hot labels."""
    random = np.random.default_rng(seed)
    return {
        "source": random.integers(0, 256, (count, size, size, 3), np.uint8),
        "target": random.integers(0, 256, (count, size, size, 3), np.uint8),
        "label": np.eye(num_labels, dtype=np.float32)[random.integers(0, num_labels, count)],
    }


def make_state(step: int, optimizer: optax.GradientTransformation | None = None) -> TrainState:
    """A state of tiny networks that no registry knows, different at each step; numpy leaves."""
    random = np.random.default_rng(step)
    params = {name: {"dense": {"kernel": random.normal(size=(40, 50)).astype(np.float32)}} for name in NETWORKS}
    optimizer = optimizer or optax.adam(1e-3)
    state = TrainState(
        step=np.array(step, np.int32),
        params=params,
        batch_stats={
            "image_discriminator": {"mean": random.normal(size=3).astype(np.float32)},
            "latent_discriminator": {},
        },
        opt_state={name: optimizer.init(params[name]) for name in NETWORKS},
        ema={"dense": {"kernel": random.normal(size=(40, 50)).astype(np.float32)}},
    )
    return jax.device_get(state)


def make_split(train=("p1", "p2"), validation=(), test=("p3",), fingerprint="f00d") -> Split:
    """People without photos."""
    nothing = np.zeros((0, SPACE.size), np.float32), np.zeros(0, np.int64)
    return Split(*(FaceDataset((), *nothing, people, SPACE, fingerprint) for people in (train, validation, test)))


def make_face(right_eye: tuple[float, float], left_eye: tuple[float, float]) -> Face:
    """A face with these pupils; its eyes are open, and its other points lie on an ellipse around them."""
    right, left = complex(*right_eye), complex(*left_eye)
    along = left - right  # the inter-pupil distance, as a step along the eyes
    angle = np.linspace(0, 2 * np.pi, 478, endpoint=False)
    places = (right + left) / 2 + along * (1.1 * np.cos(angle) + 1j * (0.45 + 1.25 * np.sin(angle)))
    for (corners, lids), middle in zip(EYES, (right, left), strict=True):
        places[list(corners)] = middle - 0.2 * along, middle + 0.2 * along
        for upper, lower in lids:
            places[[upper, lower]] = middle - 0.06j * along, middle + 0.06j * along
    places[[468, 473]] = right, left
    points = np.stack([places.real, places.imag], axis=1).astype(np.float32)
    return Face(points, np.zeros(52, np.float32), 0.9, 1.0)
