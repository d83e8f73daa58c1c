"""Eight expressions on synthetic, photo-like faces (a blendshape rig over the London people's neutral photos).

python launch/train.py --config=configs/rig_emotion.py --workdir=runs/rig_emotion --data_dir=DATA

What to expect: docs/results/rig_emotion.md.
"""

from cdaae_jax.config import Config, Data, Loss, Optim, Run


def get_config() -> Config:
    """Returns the experiment; pairs are moved and tinted a little, or 8,000 steps learn the 64 people by heart."""
    return Config(
        data=Data(
            manifests=("frl_rig/emotion.csv", "frl_london/metadata.csv?expression=neutral"), shift=0.02, colour=0.1
        ),
        loss=Loss(image_weight=3e-4),
        optim=Optim(decay_steps=6_000),
        run=Run(steps=8_000),
    )
