"""Twelve action units on DISFA, which the paper trains its AU model on.

python launch/train.py --config=configs/disfa.py --workdir=runs/disfa --data_dir=DATA

DATA/disfa holds the set as published (cdaae_jax/data/disfa/README.md), whose videos need the extra `video`. The first
run builds it: 27 people, of whom 19 are trained on, 4 are for validation and 4 for the test; of each the left camera's
frames with a unit at 2 or more, four a second at most, and 30 neutral ones. That should be some hundreds of pictures a
person, and an hour on two cores, most of which goes into decoding the videos; training should take an hour more. No
figures are given here: the set was not at hand.
"""

from cdaae_jax.config import Config, Data, Loss, Model, Optim, Run


def get_config() -> Config:
    """Returns the experiment."""
    return Config(
        data=Data(
            manifests=("tfds:disfa",),
            label_kind="au",
            picture_size=128,
            neutral_source=0.7,
            light=0.8,
            camera=0.5,
            misalignment=0.03,
        ),
        model=Model(paint_detail=2),
        loss=Loss(image_weight=0.0, pyramid_weight=1.0, flow_weight=0.01),
        optim=Optim(warmup_steps=300, decay_steps=5_000),
        run=Run(steps=10_000, grid_steps=500),
    )
