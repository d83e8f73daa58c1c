"""Neutral <-> happy on real photos: the Face Research Lab London Set, 64 people to train on, the last 16 kept out.

python launch/train.py --config=configs/london.py --workdir=runs/london --data_dir=DATA --config.data.registered=true

Without the last flag it needs no landmarks, and smiles come out weaker. What to expect:
docs/results/london.md.
"""

from cdaae_jax.config import Config, Data, Loss, Optim, Run


def get_config() -> Config:
    """Returns the experiment; with more steps it only memorises the 64 people."""
    return Config(
        data=Data(manifests=("frl_london/metadata.csv",)),
        # As for drawn faces, no critic: what a change moves is sharp without one.
        loss=Loss(image_weight=0.0, pyramid_weight=1.0, flow_weight=0.01),
        optim=Optim(decay_steps=1_500),
        run=Run(steps=2_000),
    )
