"""Whether an expression grows with each step of the amount: of a model's changes, and of the true maps, made linearly.

python -m studies.rising_steps --model=emotion --data_dir=DATA --judges=runs/judges --output=rising_steps.md

Neutral photos at 256 px, at nine amounts from 0 to 1 of each full expression. A step rises where the judge of
expressions is surer of the one that is asked for. The true maps take part as if they were a model's change: what they
lack, no model of maps that are scaled by the amount can have.
"""

import argparse
import pathlib
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from cdaae_jax import files, images, pretrained
from cdaae_jax.evaluation.judges.face_api import EXPRESSIONS, ExpressionJudge
from cdaae_jax.evaluation.measures.growth import growth_statistics
from cdaae_jax.evaluation.report.tables import lay_out
from cdaae_jax.models import change
from studies import learnt_maps, program, true_maps
from studies.true_maps import Drawn, Photos

AMOUNTS = np.linspace(0.0, 1.0, 9)


def by_true_maps(drawn: Drawn, amount: float) -> Photos:
    """Returns the sources with so much of their true flow and light, and of what is truly painted."""
    side = drawn.source.shape[1]
    moved = change.move(drawn.source, amount * change.enlarge(drawn.flow, side, side), sharp=True)
    lit = jnp.clip((moved + 1.0) * jnp.exp(amount * change.enlarge(drawn.shade, side, side)) - 1.0, -1.0, 1.0)
    mask = amount * jnp.clip(change.enlarge(drawn.painted, side, side), 0.0, 1.0)
    return (1.0 - mask) * lit + mask * drawn.target


def row(drawn: Drawn, judge: ExpressionJudge, made: Callable[[float], Photos]) -> list[str]:
    """Returns the share of steps that rise, of all expressions and of each."""
    asked = [EXPRESSIONS.index(name) for name in drawn.expression]
    read = [judge.probabilities(np.asarray(images.to_uint8(made(float(amount))))) for amount in AMOUNTS]
    sure = np.stack([one[np.arange(len(asked)), asked] for one in read], axis=1)
    rising = growth_statistics(sure)["path_monotone"]
    names = [name for name in EXPRESSIONS if name in drawn.expression]
    rows = [np.flatnonzero(np.array(drawn.expression) == name) for name in names]
    shares = [float(rising(some)) for some in rows]
    return [f"{np.mean(shares):.0%}", *(f"{share:.0%}" for share in shares)]


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line and writes the table.

    Raises:
      UserError: the data, the judge or the model are missing.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="emotion", help="a name or a folder")
    parser.add_argument("--data_dir", help="the data folder; else the environment's CDAAE_DATA")
    parser.add_argument("--judges", type=pathlib.Path, default=pathlib.Path("runs/judges"))
    parser.add_argument("--split", choices=("validation", "test"), default="validation")
    parser.add_argument("--output", type=pathlib.Path, required=True)
    given = parser.parse_args(arguments)
    judge = ExpressionJudge.load(given.judges)
    drawn = true_maps.load(given.data_dir, given.split)
    found = jax.tree.map(jnp.asarray, learnt_maps.changes(pretrained.open_model(given.model), drawn))
    apply = jax.jit(lambda amount: change.apply(found, drawn.source, amount, sharp=True))
    names = [name for name in EXPRESSIONS if name in drawn.expression]
    cells = [
        ["the model", *row(drawn, judge, apply)],
        ["true maps", *row(drawn, judge, jax.jit(lambda amount: by_true_maps(drawn, amount)))],
    ]
    files.write_text(given.output, lay_out(["steps that rise", "all", *names], cells))


if __name__ == "__main__":
    program.run(main)
