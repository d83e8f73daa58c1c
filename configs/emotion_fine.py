"""An experiment: configs/emotion.py with folds on a grid of 128, which the flow moves, and more people.

python launch/train.py --config=configs/emotion_fine.py --workdir=runs/emotion_fine --data_dir=DATA

DATA holds frl_rig2/ as for configs/emotion.py, and mixed128/, 442 people between two training people each
(`python -m studies.mixed_people`), drawn by the same rig, with all.csv, which lists both amounts and the neutral
photos; beside the pictures of both sets their maps on a grid of 128. It starts from the weights that ship, or with
--config.run.start_from= from nothing. 43 minutes on two cores. It is not better for the judges: docs/change.md.
"""

from cdaae_jax.config import Config, Data, Loss, Model, Optim, Run


def get_config() -> Config:
    """Returns the experiment."""
    return Config(
        data=Data(
            manifests=("frl_rig2/emotion.csv", "frl_rig2/emotion_half.csv", "mixed128/all.csv"),
            picture_size=128,
            neutral_source=0.7,
            light=0.8,
            camera=0.5,
            misalignment=0.03,
            proportions=0.03,
        ),
        # Two folds between the brows are half a pixel wide at 64 px, and lie beside brows that move.
        model=Model(flow_detail=2, shift_detail=2, paint_detail=2, moving_shift=True),
        loss=Loss(
            image_weight=0.0,
            pyramid_weight=1.0,
            flow_weight=0.01,
            maps_weight=0.1,
            painted_weight=0.1,
            shade_weight=3.0,
            shade_edge_weight=6.0,
            shade_depth=10.0,
        ),
        optim=Optim(warmup_steps=300, decay_steps=6_500),
        run=Run(steps=12_500, grid_steps=500, start_from="emotion"),
    )
