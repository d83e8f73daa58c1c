"""18 action units (FACS intensities 0..5), edits of photo quality; otherwise as configs/emotion.py.

python launch/train.py --config=configs/au.py --workdir=runs/au --data_dir=DATA

Starting from a trained emotion model, --config.run.start_from=emotion, half of the steps does:
--config.run.steps=4500 --config.optim.decay_steps=2500. What to expect: docs/change.md.
"""

from cdaae_jax.config import Config, Data, Loss, Model, Optim, Run


def get_config() -> Config:
    """Returns the experiment."""
    return Config(
        data=Data(
            manifests=(
                "frl_rig2/au.csv",
                # The emotions as their AUs; contempt is one-sided, which these units cannot say.
                "frl_rig2/emotion.csv?expression=happy,sad,surprised,fearful,disgusted,angry",
                "frl_rig2/emotion_half.csv?expression=happy,sad,surprised,fearful,disgusted,angry",
            ),
            label_kind="au",
            picture_size=128,
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
