"""Neutral and seven emotions, edits of photo quality: a 64 px network whose changes are applied to 128 px pictures.

python launch/train.py --config=configs/emotion.py --workdir=runs/emotion --data_dir=DATA

DATA holds frl_rig2/, synthetic faces with their split in the manifest (85 people to train on, 16 for validation, 16 for
the test), and beside each picture its exact maps (`data.maps`). Without maps, set --config.loss.maps_weight=0
--config.loss.painted_weight=0 --config.loss.shade_weight=0: it trains too, and needs several times the steps. About 40
minutes on two cores. What to expect: docs/change.md.
"""

from cdaae_jax.config import Config, Data, Loss, Model, Optim, Run


def get_config() -> Config:
    """Returns the experiment."""
    return Config(
        data=Data(
            manifests=("frl_rig2/emotion.csv", "frl_rig2/emotion_half.csv"),
            picture_size=128,
            # Users' photos are mostly neutral, and only from there the true maps are known.
            neutral_source=0.7,
            light=0.8,
            camera=0.5,
            misalignment=0.03,
        ),
        # Lids are too small for a flow of half the network's size.
        model=Model(flow_detail=2, paint_detail=2),
        loss=Loss(
            image_weight=0.0,
            pyramid_weight=1.0,
            flow_weight=0.01,
            maps_weight=0.1,
            painted_weight=0.1,
            shade_weight=3.0,
        ),
        optim=Optim(warmup_steps=300, decay_steps=5_000),
        run=Run(steps=10_000, grid_steps=500),
    )
