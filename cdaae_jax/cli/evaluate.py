"""Measures models on the people kept out of their training.

  cdaae-evaluate --checkpoint=runs/london --output=report --data_dir=DATA
  cdaae-evaluate --checkpoint=cdaae=runs/london,caae=runs/london_caae --judges=runs/judges --output=report

The report holds scores.json, table.md, charts and sheets of pictures; every number has a 95 % bootstrap interval over
people. With --judges (fetched by `make judges`) it also says whether the person is recognised, whether the expression
is read as requested, and how it grows on the way from neutral. Judged are the people whom the training kept apart as
its test split; --split=validation takes those for decisions during development.
"""

import pathlib

from absl import flags

from cdaae_jax.cli import program

_CHECKPOINT = flags.DEFINE_list("checkpoint", None, "A workdir, or several to compare: NAME=DIR,NAME=DIR.")
_OUTPUT = flags.DEFINE_string("output", None, "The folder for the report; made if missing.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "The folder with the data sets; else the environment's CDAAE_DATA.")
_JUDGES = flags.DEFINE_string("judges", None, "The folder with the judge networks.")
_SIZE = flags.DEFINE_integer("size", None, "Pixels of the pictures to judge.", lower_bound=32)
_SPLIT = flags.DEFINE_enum("split", "test", ["test", "validation"], "Which people to judge on, of those kept apart.")
_MANIFESTS = flags.DEFINE_list("manifests", [], "Another set to judge on, written as config.data.manifests.")


def main() -> None:
    """Reads the flags, evaluates, prints the table."""
    from cdaae_jax.errors import UserError

    for flag in (_CHECKPOINT, _OUTPUT):
        if not flag.value:
            raise UserError(f"--{flag.name} is missing; write --{flag.name}=..., see --help")
    workdirs = _workdirs(_CHECKPOINT.value)

    from cdaae_jax import memory, pretrained
    from cdaae_jax.evaluation.harness import evaluate
    from cdaae_jax.evaluation.report import charts
    from cdaae_jax.evaluation.report.tables import table

    memory.keep()
    samplers = {name: pretrained.open_model(str(path)) for name, path in workdirs.items()}
    scores = evaluate(
        samplers, _OUTPUT.value, _DATA_DIR.value, _JUDGES.value, _MANIFESTS.value, _SPLIT.value, _SIZE.value
    )
    print(table(scores), end="")
    with_curves = {name: path for name, path in workdirs.items() if (path / "metrics.jsonl").exists()}
    if with_curves:
        charts.curve(with_curves, pathlib.Path(_OUTPUT.value) / "curve.png")


def _workdirs(items: list[str]) -> dict[str, pathlib.Path]:
    """Returns the paths of --checkpoint by name; one without a name has that of its folder."""
    from cdaae_jax.errors import UserError

    workdirs: dict[str, pathlib.Path] = {}
    for item in items:
        before, equals, after = item.partition("=")
        path = pathlib.Path(after if equals else before)
        name = before if equals else path.absolute().name
        if name in workdirs:
            raise UserError(
                f"--checkpoint has two models of the name {name!r} ({workdirs[name]} and {path}); give each a name of "
                "its own: --checkpoint=NAME=DIR,NAME=DIR"
            )
        workdirs[name] = path
    return workdirs


def run() -> None:
    """The console script `cdaae-evaluate`."""
    program.run(main, __name__)
