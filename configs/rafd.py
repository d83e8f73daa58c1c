"""Eight expressions on the Radboud Faces Database, which the paper trains its emotion model on.

python launch/train.py --config=configs/rafd.py --workdir=runs/rafd --data_dir=DATA

DATA/rafd holds the set as published (cdaae_jax/data/rafd/README.md). The first run builds it, in a few minutes on two
cores; of 67 people 47 are trained on, 10 are for validation and 10 for the test, each with 24 pictures of the frontal
camera (1,608 in all: eight expressions, three gazes). Training should take about an hour on two cores, as emotion.py's
does. No figures are given here: the set was not at hand.
"""

from cdaae_jax.config import Config, Data, Loss, Model, Optim, Run


def get_config() -> Config:
    """Returns the experiment; apart from the data and the true maps, which real photos lack, that of emotion.py."""
    return Config(
        data=Data(
            manifests=("tfds:rafd",), picture_size=128, neutral_source=0.7, light=0.8, camera=0.5, misalignment=0.03
        ),
        model=Model(paint_detail=2),
        loss=Loss(image_weight=0.0, pyramid_weight=1.0, flow_weight=0.01),
        optim=Optim(warmup_steps=300, decay_steps=5_000),
        run=Run(steps=10_000, grid_steps=500),
    )
