"""Every training of the studies in docs/results, by name: all of the same number of steps.

python launch/train.py --config=configs/studies.py:rig_cdaae --workdir=runs/studies/rig_cdaae --data_dir=DATA

`python studies/run.py` trains them all and measures them; about 5 minutes each on one core. Expected: docs/results.
"""

import dataclasses
import difflib
import functools

from cdaae_jax.config import Config, Data, Optim, Run
from cdaae_jax.errors import UserError

STEPS = 2_000
BASELINES = ("caae", "cvae", "residual", "unet")
SMALL = (8, 16, 32)  # training people; all 64 are in the first study

RIG = ("frl_rig/emotion.csv", "frl_london/metadata.csv?expression=neutral")
# AU12 never comes together with AU1 or AU2: these combinations are left out on purpose.
RIG_AU = ("frl_rig/au.csv?AU12=0", "frl_rig/au.csv?AU12=1,2,3,4,5&AU1=0&AU2=0")
SYNTHETIC = ("tfds:synthetic_faces/64?people=80&au_pictures=0",)


def experiment(data: Data, name: str = "cdaae", model: dict | None = None, loss: dict | None = None) -> Config:
    """Returns one training: the default configuration on this data, with these fields changed."""
    config = Config(
        data=data,
        optim=Optim(decay_steps=STEPS * 3 // 4),
        run=Run(steps=STEPS, grid_steps=0, keep_checkpoints=1),
    )
    # A Gaussian latent has its own prior.
    latent = {"latent_weight": 0.0} if name == "cvae" else {}
    return dataclasses.replace(
        config,
        model=dataclasses.replace(config.model, name=name, **model or {}),
        loss=dataclasses.replace(config.loss, **latent, **loss or {}),
    )


@functools.cache
def trainings() -> dict[str, Config]:
    """Returns all of them, in the order in which they are run."""
    rig = Data(manifests=RIG)
    synthetic, au = Data(manifests=SYNTHETIC), Data(manifests=RIG_AU, label_kind="au")
    london = Data(manifests=("frl_london/metadata.csv",))
    runs = {f"rig_{name}": experiment(rig, name) for name in ("cdaae", *BASELINES)}
    runs |= {f"rig_au_{name}": experiment(au, name) for name in ("cdaae", "caae")}
    # Drawn faces have no noise, see losses.smooth_l1.
    smooth = {"reconstruction": "smooth_l1"}
    runs |= {f"synthetic_{name}": experiment(synthetic, name, loss=smooth) for name in ("cdaae", "caae")}
    runs |= {"synthetic_l1": experiment(synthetic)}
    runs |= {f"london_{name}": experiment(london, name) for name in ("cdaae", "caae")}
    for people in SMALL:
        few = dataclasses.replace(rig, max_people=people)
        runs |= {f"rig_{name}_{people}": experiment(few, name) for name in ("cdaae", "caae")}
    runs |= {f"rig_join_{levels}": experiment(rig, model={"join_levels": joins}) for levels, joins in JOINS.items()}
    runs |= {"rig_label_once": experiment(rig, model={"label_at_every_level": False})}
    runs |= {f"rig_{name}": experiment(rig, loss=loss) for name, loss in WEIGHTS.items()}
    return runs


# No join at all is caae, level 0 alone with the label at the first layer is residual, and 0, 1 and 2 are the default.
JOINS = {"1": (1,), "2": (2,), "3": (3,)}
WEIGHTS = {"image_0": {"image_weight": 0.0}}


def get_config(name: str = "rig_cdaae") -> Config:
    """Returns the training of this name.

    Raises:
      UserError: there is none.
    """
    if name not in trainings():
        near = difflib.get_close_matches(name, trainings(), n=3, cutoff=0.0)
        raise UserError(f"configs/studies.py has no training {name!r}; nearest: {', '.join(near)}")
    return trainings()[name]
