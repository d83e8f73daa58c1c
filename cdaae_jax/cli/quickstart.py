"""Trains the configuration given, draws people kept out of training in every expression, says what to try next.

  python launch/quickstart.py --config=configs/quickstart.py --workdir=runs/quickstart

All flags are those of cdaae-train. Run again, it continues, or uses what is there. Stopped while it trains, it draws
nothing.
"""

import pathlib

from absl import flags

from cdaae_jax.cli import program, train

_NUM_PEOPLE = 6
_NEXT = """
Drawn: {sheet}
  (people kept out of training; in each pair of rows the true faces, and below what the model makes of the source)

Three commands to try next:
  {python} launch/sample.py --checkpoint={workdir} --input={photo} --label="happy=0.6,surprised=0.4" --output=mixed.png
  {python} launch/sample.py --checkpoint={workdir} --input={photo} --label=neutral --to=surprised --output=strip.png
  {python} launch/train.py --config=configs/quickstart.py --workdir={workdir}_long --config.run.steps=10000
"""


def main() -> None:
    """Trains, draws, and prints the commands."""
    train.main()
    import os
    import sys

    from cdaae_jax import images
    from cdaae_jax.data import dataset as datasets
    from cdaae_jax.evaluation.report import sheets
    from cdaae_jax.evaluation.tasks import edits
    from cdaae_jax.sampling import Sampler

    config, workdir = flags.FLAGS.config, pathlib.Path(flags.FLAGS.workdir)
    sampler = Sampler.from_checkpoint(workdir)
    data = datasets.load(config.data, datasets.root(flags.FLAGS.data_dir), sampler.image_size)
    kept_apart = datasets.split(data, config.data).test
    task = edits.held_out_task(data, kept_apart.people, sampler.image_size)
    sheet, photo = workdir / "unseen_people.png", workdir / "unseen_person.png"
    images.write(sheet, sheets.by_label({"made": sampler}, task, _NUM_PEOPLE))
    images.write(photo, task.source[0])
    python = os.path.relpath(sys.executable)
    print(_NEXT.format(sheet=sheet, workdir=workdir, photo=photo, python=python))


def run() -> None:
    """The program of launch/quickstart.py."""
    program.run(main, __name__)
