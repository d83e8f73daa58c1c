"""Eight expressions on synthetic faces of people who do not exist; needs no data and only a CPU.

make quickstart

The eight expressions of the set's 120 people are drawn on first use; the 16 test people are never trained on. What to
expect: docs/results/quickstart.md.
"""

from cdaae_jax.config import Config, Data, Loss, Model, Optim, Run


def get_config() -> Config:
    """Returns the experiment."""
    return Config(
        data=Data(manifests=("tfds:synthetic_faces/64?au_pictures=0",), flip=False),
        # The settings that docs/results/quickstart.md was measured with.
        model=Model(name="plain", join_levels=(1,), label_at_every_level=False),
        # Small batches at a high rate learn most in a few minutes, and little of the critic leaves the skin clean.
        loss=Loss(image_weight=5e-5, warmup_steps=600),
        optim=Optim(learning_rate=2e-3, warmup_steps=300, decay_steps=3_000),
        run=Run(steps=4_000, batch_size=8, checkpoint_steps=500, grid_steps=1_000),
    )
