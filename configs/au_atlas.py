"""The weights that ship: 18 action units (FACS intensities 0..5) by an atlas; otherwise as configs/emotion_atlas.py.

python launch/train.py --config=configs/au_atlas.py --workdir=runs/au_atlas --data_dir=DATA
    --config.run.start_from=emotion

DATA holds what configs/emotion_atlas.py names, and frl_rig2/au.csv with its maps. It finds places on faces as the
emotion training learnt to, so that half of the steps does: half an hour on two idle cores. What to expect:
docs/results/pretrained.md.
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
                "mixed128/all.csv?expression=neutral,happy,sad,surprised,fearful,disgusted,angry",
                # Real smiles, to be undone where a photo shows one, and to become any other expression.
                "real_smiles/all.csv",
                "real_smiles/onward.csv?expression=happy,sad,surprised,fearful,disgusted,angry",
            ),
            # Who has pictures of single units is seen more often than who has emotions alone.
            set_weights=(3.0, 1.0, 1.0, 2.0, 0.5, 1.0),
            label_kind="au",
            picture_size=128,
            neutral_source=0.5,
            light=0.8,
            camera=0.5,
            misalignment=0.03,
            proportions=0.03,
        ),
        # All that moves is the atlas's: a flow of the decoder's own would learn the training people by heart.
        model=Model(
            heads=("shift", "paint"), paint_detail=2, atlas=24, atlas_detail=2, atlas_carried=True, atlas_still=True
        ),
        loss=Loss(
            image_weight=0.0,
            pyramid_weight=1.0,
            flow_weight=0.02,
            maps_weight=0.4,
            painted_weight=0.2,
            shade_weight=3.0,
            shade_edge_weight=6.0,
            shade_depth=10.0,
            place_weight=0.1,
            shown_weight=0.3,
        ),
        optim=Optim(learning_rate=4e-4, warmup_steps=300, decay_steps=3_000),
        run=Run(steps=5_000, grid_steps=500),
    )
