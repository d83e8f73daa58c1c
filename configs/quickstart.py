"""Eight expressions on synthetic faces of people who do not exist; needs no data of yours and nothing but a CPU.

make quickstart

The eight expressions of the set's 120 people are drawn on first use; the 16 test people are never trained on. What to
expect: docs/results/quickstart.md.
"""

from cdaae_jax.config import Config, Data, Loss, Optim, Run


def get_config() -> Config:
    """Returns the experiment."""
    return Config(
        # Contempt pulls one corner of the mouth, and its label says which: so no mirrored pictures.
        data=Data(manifests=("tfds:synthetic_faces/64?au_pictures=0",), flip=False),
        # Few minutes: small batches learn more of them than large ones, and little of the critic leaves skin clean.
        loss=Loss(image_weight=1e-4, warmup_steps=600),
        optim=Optim(warmup_steps=100, decay_steps=2_000),
        run=Run(steps=3_000, batch_size=8, checkpoint_steps=500, grid_steps=1_000),
    )
