"""Every training and every study of docs/results: what is trained, and which trainings a study compares.

python launch/train.py --config=studies/catalogue.py:rig_cdaae --workdir=runs/studies/rig_cdaae --data_dir=DATA

trains one of them, about 5 minutes on one core; `python -m studies.run` trains and measures them all. Expected:
docs/results/studies.md. `--config` reads this file by its path, so it imports nothing else from studies/.
"""

import dataclasses
import difflib
from collections.abc import Mapping

from cdaae_jax.config import Config, Data, Loss, Model, Optim, Run
from cdaae_jax.errors import UserError

STEPS = 2_000  # of every training
BASELINES = ("caae", "cvae", "residual", "unet")
PEOPLE = (8, 16, 32, 64)  # training people; the last number is all that the rig's set has
MODELS = {"cdaae": "plain", "caae": "caae"}  # what the tables call the registry's models
PIXELS_TOO = (0, 1, 2)  # the joins of the default, `plain`, which recolours pixels and moves none
LEVELS = (1, 2, 3)  # of a single join; level 0 alone is `residual`, none is `caae`, and 0, 1 and 2 are the default
# Other fields of CDAAE that are tried on the rig's set.
CHOICES = {"label_once": {"model": {"label_at_every_level": False}}, "image_0": {"loss": {"image_weight": 0.0}}}

RIG = ("frl_rig/emotion.csv", "frl_london/metadata.csv?expression=neutral")
LONDON = ("frl_london/metadata.csv",)
SYNTHETIC = ("tfds:synthetic_faces/64?people=80&au_pictures=0",)
# AU12 never comes together with AU1 or AU2 in training ...
RIG_AU = ("frl_rig/au.csv?AU12=0", "frl_rig/au.csv?AU12=1,2,3,4,5&AU1=0&AU2=0")
# ... because the people kept out are judged on exactly these combinations.
RIG_AU_LEFT_OUT = (
    "frl_rig/au.csv?AU12=1,2,3,4,5&AU1=1,2,3,4,5",
    "frl_rig/au.csv?AU12=1,2,3,4,5&AU1=0&AU2=1,2,3,4,5",
)


# What a change is made of, and what teaches it. Beside each picture lie its true maps (`cdaae_jax.data.maps`).
RIG2 = ("frl_rig2/emotion.csv",)
CHANGE_STEPS, CHANGE_BATCH = 3_000, 8
TAUGHT = {"maps_weight": 0.05, "painted_weight": 0.05, "shade_weight": 1.0}
CHANGES: dict[str, dict] = {
    "recoloured": {"name": "plain", "model": {"join_levels": PIXELS_TOO}},
    "paper": {"name": "plain", "model": {"join_levels": (1,), "label_at_every_level": False}},
    "flow": {"model": {"heads": ("flow",)}},
    "flow_shift": {"model": {"heads": ("flow", "shift")}},
    "flow_shift_paint": {},
    "maps": {"loss": TAUGHT},
    "maps_pyramid": {"loss": TAUGHT | {"pyramid_weight": 1.0}},
}
# Quality against minutes, so every checkpoint is kept: configs/emotion.py, the former default and CAAE, on the same
# pictures.
RIG2_HALVES = (*RIG2, "frl_rig2/emotion_half.csv")
TIMED_STEPS = {"change": 10_000, "recoloured": 6_000, "caae": 6_000}
TIMED: dict[str, dict] = {
    "change": {
        "model": Model(flow_detail=2, paint_detail=2),
        "data": {"picture_size": 128, "light": 0.8, "camera": 0.5, "misalignment": 0.03},
        "loss": {
            "pyramid_weight": 1.0,
            "maps_weight": 0.1,
            "painted_weight": 0.1,
            "shade_weight": 3.0,
            "image_weight": 0.0,
            "flow_weight": 0.01,
        },
    },
    "recoloured": {"model": Model(name="plain", join_levels=PIXELS_TOO)},
    "caae": {"model": Model(name="caae")},
}
# Real pairs, in which heads move: as they are, and laid over each other first (`cdaae_jax.data.registration`).
PAIRS = {"as_they_are": False, "registered": True}
SEEDS = (1, 2)  # besides 0, of the two that decide
DECIDE = ("recoloured", "maps_pyramid")


@dataclasses.dataclass(frozen=True)
class Study:
    """One question and the models that answer it.

    Attributes:
      models: the names in tables and charts, and the training behind each.
      report: how they are measured and drawn, a name in `reports.REPORTS`.
      manifests: other pictures of the people kept out, to measure on; none: the pictures of the models' own data.
    """

    models: Mapping[str, str]
    report: str
    manifests: tuple[str, ...] = ()


def get_config(name: str = "rig_cdaae") -> Config:
    """Returns the training of this name.

    Raises:
      UserError: there is none.
    """
    if name not in TRAININGS:
        near = difflib.get_close_matches(name, TRAININGS, n=3, cutoff=0.0)
        raise UserError(f"studies/catalogue.py has no training {name!r}; nearest: {', '.join(near)}")
    return TRAININGS[name]


def _experiment(data: Data, name: str = "plain", model: dict | None = None, loss: dict | None = None) -> Config:
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
        model=dataclasses.replace(config.model, name=name, **{"join_levels": PIXELS_TOO} | (model or {})),
        loss=dataclasses.replace(config.loss, **latent, **loss or {}),
    )


def _change(name: str = "cdaae", model: dict | None = None, loss: dict | None = None, seed: int = 0) -> Config:
    """Returns a training on the rig's second set; models that make a change have no critic of pictures."""
    own = {"image_weight": 0.0, "flow_weight": 0.01} if name == "cdaae" else {}
    return Config(
        data=Data(manifests=RIG2),
        model=Model(name=name, **model or {}),
        loss=Loss(**own | (loss or {})),
        optim=Optim(decay_steps=CHANGE_STEPS * 3 // 4),
        run=Run(steps=CHANGE_STEPS, batch_size=CHANGE_BATCH, seed=seed, grid_steps=0, keep_checkpoints=1),
    )


def _real_pairs(registered: bool) -> Config:
    """Returns a training of the change model on real neutral and smiling photos."""
    return Config(
        data=Data(manifests=LONDON, registered=registered),
        loss=Loss(image_weight=0.0, pyramid_weight=1.0, flow_weight=0.01),
        optim=Optim(decay_steps=STEPS * 3 // 4),
        run=Run(steps=STEPS, grid_steps=0, keep_checkpoints=1),
    )


def _timed(name: str) -> Config:
    """Returns a training whose checkpoints are all kept, in five hundreds of steps."""
    fields, steps = TIMED[name], TIMED_STEPS[name]
    return Config(
        data=Data(manifests=RIG2_HALVES, neutral_source=0.7, **fields.get("data", {})),
        model=fields["model"],
        loss=Loss(**fields.get("loss", {})),
        optim=Optim(warmup_steps=300, decay_steps=steps // 2),
        run=Run(steps=steps, grid_steps=1_000, checkpoint_steps=500, keep_checkpoints=1_000),
    )


def _with_few(name: str, people: int) -> str:
    """Returns the name of the training on this many of the rig's people."""
    return f"rig_{name}" if people == PEOPLE[-1] else f"rig_{name}_{people}"


def _trainings() -> dict[str, Config]:
    """Returns all of them, in the order in which they are run."""
    rig, au = Data(manifests=RIG), Data(manifests=RIG_AU, label_kind="au")
    synthetic, london = Data(manifests=SYNTHETIC), Data(manifests=LONDON)
    both, smooth = ("cdaae", "caae"), {"reconstruction": "smooth_l1"}
    runs = {f"rig_{name}": _experiment(rig, MODELS.get(name, name)) for name in ("cdaae", *BASELINES)}
    runs |= {f"rig_au_{name}": _experiment(au, MODELS[name]) for name in both}
    runs |= {f"synthetic_{name}": _experiment(synthetic, MODELS[name], loss=smooth) for name in both}
    runs |= {"synthetic_l1": _experiment(synthetic)}
    runs |= {f"london_{name}": _experiment(london, MODELS[name]) for name in both}
    for people in PEOPLE[:-1]:
        few = dataclasses.replace(rig, max_people=people)
        runs |= {_with_few(name, people): _experiment(few, MODELS[name]) for name in both}
    runs |= {f"rig_join_{level}": _experiment(rig, model={"join_levels": (level,)}) for level in LEVELS}
    runs |= {f"rig_{name}": _experiment(rig, **changed) for name, changed in CHOICES.items()}
    runs |= {f"change_{name}": _change(**fields) for name, fields in CHANGES.items()}
    runs |= {f"pairs_{name}": _real_pairs(registered) for name, registered in PAIRS.items()}
    runs |= {f"timed_{name}": _timed(name) for name in TIMED}
    runs |= {f"change_{name}_seed{seed}": _change(**CHANGES[name], seed=seed) for name in DECIDE for seed in SEEDS}
    return runs


def _both(prefix: str) -> dict[str, str]:
    return {name: f"{prefix}_{name}" for name in ("cdaae", "caae")}


TRAININGS = _trainings()

STUDIES = {
    "unseen_people_rig": Study({name: f"rig_{name}" for name in ("cdaae", *BASELINES)}, "side_by_side"),
    "unseen_people_synthetic": Study(_both("synthetic") | {"cdaae_l1": "synthetic_l1"}, "table"),
    "unseen_people_london": Study(_both("london"), "table"),
    "small_databases": Study(
        {f"{name}_{people}": _with_few(name, people) for name in ("cdaae", "caae") for people in PEOPLE},
        "against_people",
    ),
    "where_to_join": Study(
        {"default": "rig_cdaae", "none_caae": "rig_caae", "only_0_residual": "rig_residual"}
        | {f"only_{level}": f"rig_join_{level}" for level in LEVELS}
        | {name: f"rig_{name}" for name in CHOICES},
        "side_by_side",
    ),
    "what_a_change_needs": Study(
        {name: f"change_{name}" for name in CHANGES}
        | {f"{name}_seed{seed}": f"change_{name}_seed{seed}" for name in DECIDE for seed in SEEDS},
        "table",
    ),
    "real_pairs_as_they_are": Study({"as_they_are": "pairs_as_they_are"}, "table"),
    "real_pairs_registered": Study({"registered": "pairs_registered"}, "table"),
    "time_to_quality": Study({name: f"timed_{name}" for name in TIMED}, "against_minutes", RIG2),
    "action_units": Study(_both("rig_au"), "table"),
    "action_units_left_out": Study(_both("rig_au"), "table", RIG_AU_LEFT_OUT),
    "augmentation": Study({"cdaae": _with_few("cdaae", 16)}, "classifiers"),
}
