"""Neutral <-> happy on real photos: the Face Research Lab London Set, 64 people to train on, the last 16 kept out.

python launch/train.py --config=configs/london.py --workdir=runs/london --data_dir=DATA

What to expect: docs/results/london.md.
"""

from cdaae_jax.config import Config, Data, Loss, Model, Optim, Run


def get_config() -> Config:
    """Returns the experiment; with more steps it only memorises the 64 people."""
    return Config(
        data=Data(manifests=("frl_london/metadata.csv",)),
        # Heads move between two photos of a person. Joins at the pixels, as by default, learn these movements by heart
        # and draw them onto others (docs/results/studies.md, part 1).
        model=Model(name="plain", join_levels=(1,), label_at_every_level=False),
        loss=Loss(image_weight=1e-3),
        optim=Optim(decay_steps=1_500),
        run=Run(steps=2_000),
    )
