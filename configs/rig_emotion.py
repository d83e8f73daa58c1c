"""Eight expressions on synthetic, photo-like faces (a blendshape rig over the London people's neutral photos).

python launch/train.py --config=configs/rig_emotion.py --workdir=runs/rig_emotion --data_dir=DATA

What to expect: docs/results/rig_emotion.md.
"""

from cdaae_jax.config import Config, Data, Model, Optim, Run


def get_config() -> Config:
    """Returns the experiment."""
    return Config(
        data=Data(manifests=("frl_rig/emotion.csv", "frl_london/metadata.csv?expression=neutral")),
        model=Model(name="plain", join_levels=(0, 1, 2)),
        optim=Optim(decay_steps=6_000),
        run=Run(steps=8_000),
    )
