"""Measures models on the people kept out of their training.

  cdaae-evaluate --checkpoint=runs/london --output=report --data_dir=DATA
  cdaae-evaluate --checkpoint=cdaae=runs/london,caae=runs/london_caae --judges=runs/judges --output=report

The report holds scores.json, table.md and figures; every number has a 95 % bootstrap interval over people. With
--judges (fetched by `make judges`) it also says whether the person is recognised, whether the expression is read as
requested, and how it grows on the way from neutral.
"""

from absl import flags

from cdaae_jax.cli import program

_CHECKPOINT = flags.DEFINE_list("checkpoint", None, "A workdir, or several to compare: NAME=DIR,NAME=DIR.")
_OUTPUT = flags.DEFINE_string("output", None, "The folder for the report; made if missing.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "The folder with the data sets; else the environment's CDAAE_DATA.")
_JUDGES = flags.DEFINE_string("judges", None, "The folder with the judge networks.")
_MANIFESTS = flags.DEFINE_list("manifests", [], "Another set to judge on, written as config.data.manifests.")


def main() -> None:
    """Reads the flags, evaluates, prints the table."""
    import pathlib

    from cdaae_jax import memory
    from cdaae_jax.errors import UserError
    from cdaae_jax.evaluation import charts
    from cdaae_jax.evaluation.harness import evaluate
    from cdaae_jax.evaluation.report import table
    from cdaae_jax.sampling import Sampler

    for flag in (_CHECKPOINT, _OUTPUT):
        if not flag.value:
            raise UserError(f"--{flag.name} is missing; write --{flag.name}=..., see --help")
    memory.keep()
    named = [item.partition("=") for item in _CHECKPOINT.value]
    workdirs = {name if equals else pathlib.Path(name).name: path if equals else name for name, equals, path in named}
    samplers = {name: Sampler.from_checkpoint(path) for name, path in workdirs.items()}
    print(table(evaluate(samplers, _OUTPUT.value, _DATA_DIR.value, _JUDGES.value, _MANIFESTS.value)), end="")
    with_curves = {name: pathlib.Path(path) for name, path in workdirs.items()}
    with_curves = {name: path for name, path in with_curves.items() if (path / "metrics.jsonl").exists()}
    if with_curves:
        charts.curve(with_curves, pathlib.Path(_OUTPUT.value) / "curve.png")


def run() -> None:
    """The console script `cdaae-evaluate`."""
    program.run(main, __name__)
