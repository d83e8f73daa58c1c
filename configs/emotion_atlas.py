"""The weights that ship: neutral and seven emotions by an atlas, which a network lays on the face (`models.atlas`).

python launch/train.py --config=configs/emotion_atlas.py --workdir=runs/emotion_atlas --data_dir=DATA

DATA holds frl_rig2/ as for configs/emotion.py; mixed128/, 413 people or more between two training people each
(`studies.mixed_people`), drawn by the same rig (`studies.drawn_set`); and real_smiles/ (`studies.real_smiles`). The
drawn ones have their maps on a grid of 128 beside the pictures, and all have landmarks68.npz, the rig's landmarks
(`cdaae_jax.data.places`); real_smiles/ has mouths68.npz besides (`cdaae_jax.data.mouths`). From nothing; about an hour
and a half on two idle cores. What to expect: docs/change.md.
"""

from cdaae_jax.config import Config, Data, Loss, Model, Optim, Run


def get_config() -> Config:
    """Returns the experiment."""
    return Config(
        data=Data(
            manifests=(
                *("frl_rig2/emotion.csv", "frl_rig2/emotion_half.csv", "mixed128/all.csv"),
                # Real smiles, to be undone where a photo shows one, and to become any other expression.
                "real_smiles/all.csv",
                "real_smiles/onward.csv",
            ),
            # Who is in several counts for the first.
            set_weights=(2.0, 1.0, 7.0, 1.0, 2.0),
            picture_size=128,
            # The other photos show an expression, which must be undone.
            neutral_source=0.5,
            light=0.8,
            camera=0.5,
            misalignment=0.03,
            proportions=0.03,
        ),
        # All that moves is the atlas's: a flow of the decoder's own would learn the training people by heart.
        model=Model(
            heads=("shift", "paint"),
            paint_detail=2,
            atlas=24,
            atlas_detail=2,
            atlas_carried=True,
            atlas_still=True,
            atlas_slit=True,
            atlas_parted=True,
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
            place_weight=0.3,
            shown_weight=0.3,
            lips_weight=1.0,
        ),
        # At twice this rate flows on the finer grid come out ragged.
        optim=Optim(learning_rate=5e-4, warmup_steps=300, decay_steps=6_000),
        run=Run(steps=10_000, grid_steps=500),
    )
