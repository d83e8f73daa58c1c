"""Emotions and action units in one model: RaFD, DISFA and CREMA-D together.

python launch/train.py --config=configs/mixed.py --workdir=runs/mixed --data_dir=DATA

DATA holds rafd/, disfa/ and crema_d/ as published (docs/data.md); a set that you lack is left out with
--config.data.manifests and --config.data.set_weights (without DISFA its units too: --config.data.label_names='()' takes
all labels that the data has). The first run builds them: 67, 27 and 91 people with about 1,600, some thousands and
22,000 pictures. CREMA-D alone should take an hour or two on two cores, as each of its clips is searched for its peak;
training should take two hours.

A label names emotions, units, or both: "happy=0.7", {"AU12": 3}. RaFD and CREMA-D know no units and DISFA no emotion;
what a set does not know is masked, and 0 in a label says: not given. A third of the training is each set's.
"""

from cdaae_jax.config import Config, Data, Loss, Model, Optim, Run
from cdaae_jax.labels import DISFA_AUS, EMOTIONS


def get_config() -> Config:
    """Returns the experiment."""
    return Config(
        data=Data(
            manifests=("tfds:rafd", "tfds:disfa", "tfds:crema_d"),
            set_weights=(1.0, 1.0, 1.0),
            separate_sets=True,
            label_kind="both",
            label_names=(*EMOTIONS, *DISFA_AUS),
            picture_size=128,
            neutral_source=0.7,
            light=0.8,
            camera=0.5,
            misalignment=0.03,
        ),
        model=Model(paint_detail=2),
        loss=Loss(image_weight=0.0, pyramid_weight=1.0, flow_weight=0.01),
        optim=Optim(warmup_steps=300, decay_steps=10_000),
        run=Run(steps=20_000, grid_steps=500),
    )
