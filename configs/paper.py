"""The paper's own decoder at 128 px, on the data of configs/emotion.py, to compare with a change that moves pixels.

python launch/train.py --config=configs/paper.py --workdir=runs/paper --data_dir=DATA

DATA as for configs/emotion.py; maps are not used, as there is no change to compare with them. 1,000 steps take about 38
minutes on two idle cores, as long as configs/emotion.py. There is no critic of pictures, which would take time from the
steps; on a GPU, give it more of both: --config.loss.image_weight=1e-4 --config.run.steps=50_000. What to expect:
docs/results/pretrained.md.
"""

from cdaae_jax.config import Config, Data, Loss, Optim, Run, paper


def get_config() -> Config:
    """Returns the experiment."""
    return Config(
        data=Data(
            manifests=("frl_rig2/emotion.csv", "frl_rig2/emotion_half.csv"),
            picture_size=128,
            neutral_source=0.7,
            light=0.8,
            camera=0.5,
            misalignment=0.03,
        ),
        model=paper(),
        loss=Loss(image_weight=0.0, pyramid_weight=1.0),
        optim=Optim(warmup_steps=100, decay_steps=400),
        run=Run(steps=1_000, grid_steps=200, checkpoint_steps=100, log_steps=20),
    )
