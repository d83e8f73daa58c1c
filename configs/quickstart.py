"""Eight expressions on synthetic faces of people who do not exist; needs no data and only a CPU.

make quickstart

The eight expressions of the set's 120 people are drawn on first use; the 16 test people are never trained on. What to
expect: docs/results/quickstart.md.
"""

from cdaae_jax.config import Config, Data, Loss, Optim, Run


def get_config() -> Config:
    """Returns the experiment."""
    return Config(
        data=Data(manifests=("tfds:synthetic_faces/64?au_pictures=0",), flip=False),
        # Small batches learn most in a few minutes. Drawn faces need no critic; at twice this rate a run can fly apart.
        loss=Loss(image_weight=0.0, pyramid_weight=1.0, flow_weight=0.01),
        optim=Optim(warmup_steps=300, decay_steps=1_500),
        run=Run(steps=2_000, batch_size=8, checkpoint_steps=500, grid_steps=1_000),
    )
