"""Neutral <-> happy on real photos: the Face Research Lab London Set, 64 people to train on, the last 16 kept out.

python launch/train.py --config=configs/london.py --workdir=runs/london --data_dir=DATA
"""

from cdaae_jax.config import Config, Data, Optim, Run


def get_config() -> Config:
    """Returns the experiment."""
    return Config(
        data=Data(manifests=("frl_london/metadata.csv",)),
        optim=Optim(decay_steps=4_000),
        run=Run(steps=5_000),
    )
