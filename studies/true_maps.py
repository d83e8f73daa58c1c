"""How good an edit can be on a grid of 64: the true maps of drawn faces, applied to the photos, read by a judge.

python -m studies.true_maps --data_dir=DATA --judges=runs/judges --split=validation --output=true_maps.md
python -m studies.true_maps --fine=FOLDER ...

FOLDER holds the same pictures' maps at 256, as emotion/PERSON_EXPRESSION_100.npz; from these, flow and shading are
brought to grids of 64, 128 and 256, which says what each grid loses. No network is trained or asked: the maps are those
of `cdaae_jax.data.maps`, the sources the people's neutral photos at 256 px. What a row lacks of the true pictures is
lost by its grid or by the part that it leaves out, not by a model.
"""

import argparse
import dataclasses
import pathlib
from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from cdaae_jax import files, images
from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data import maps
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.judges.face_api import EXPRESSIONS, ExpressionJudge
from cdaae_jax.evaluation.judges.remembering import Remembering
from cdaae_jax.evaluation.measures.gain import gain
from cdaae_jax.evaluation.measures.statistics import Statistic
from cdaae_jax.evaluation.report.tables import lay_out
from cdaae_jax.models import change
from studies import program

SIZE = 256
GRIDS = (64, 128, 256)
MANIFESTS = ("frl_rig2/emotion.csv",)
Photos = Float[Array, "n s s 3"]


@dataclasses.dataclass(frozen=True)
class Drawn:
    """N drawn pictures of expressions that the judge knows, [N, SIZE, SIZE, 3] in [-1, 1], and how they came about."""

    source: Photos
    target: Photos
    flow: Float[Array, "n g g 2"]
    painted: Float[Array, "n g g 1"]
    shade: Float[Array, "n g g 1"]
    expression: tuple[str, ...]
    file: tuple[str, ...] = ()  # of each picture's maps, without its folder


def load(data_dir: str | None, split: str, people: int | None = None) -> Drawn:
    """Reads the pictures of a split's people, or of the first so many of them, and their maps.

    Raises:
      UserError: they are not there.
    """
    everyone = datasets.load(Data(manifests=MANIFESTS), datasets.root(data_dir), SIZE)
    part = getattr(datasets.split(everyone, Data(manifests=MANIFESTS)), split)
    neutral = part.most_neutral()
    chosen = sorted(set(part.person))[:people]
    judged = set(EXPRESSIONS) - {"neutral"}
    rows = [i for i, r in enumerate(part.records) if r.expression in judged and part.person[i] in chosen]
    source = np.array([neutral[part.person[i]] for i in rows])
    true, known = maps.Maps(part)(source, np.array(rows), np.zeros(len(rows), bool))
    if not known.all():
        raise UserError("some pictures have no maps beside them; draw all of them again with --maps=64")
    fields = jnp.asarray(true, jnp.float32)

    def read(chosen) -> Photos:
        return images.to_network(np.stack([images.fit(part.records[i].load(), SIZE) for i in chosen]))

    return Drawn(
        source=read(source),
        target=read(rows),
        flow=fields[..., :2],
        painted=fields[..., 2:3],
        shade=fields[..., 3:],
        expression=tuple(str(part.records[i].expression) for i in rows),
        file=tuple(pathlib.Path(part.records[i].name).with_suffix(".npz").name for i in rows),
    )


def finer(drawn: Drawn, folder: pathlib.Path) -> Drawn:
    """Returns the same pictures with their maps at SIZE.

    Raises:
      UserError: a file is missing, cannot be read, or holds maps of another size.
    """
    missing = [file for file in drawn.file if not (folder / "emotion" / file).is_file()]
    if missing:
        raise UserError(f"{folder / 'emotion' / missing[0]} is missing; draw these people with --maps={SIZE}")
    fields = jnp.asarray(np.stack([maps.read(folder / "emotion" / file, SIZE) for file in drawn.file]), jnp.float32)
    return dataclasses.replace(drawn, flow=fields[..., :2], painted=fields[..., 2:3], shade=fields[..., 3:])


def on_grids(fine: Drawn, flow: int, shade: int) -> Drawn:
    """Returns pictures whose flow and shading are as coarse as these grids make them."""
    return dataclasses.replace(fine, flow=change.shrink(fine.flow, flow), shade=change.shrink(fine.shade, shade))


def composed(drawn: Drawn, shade: bool = False, paint: int = 0) -> Photos:
    """Returns the sources moved by the true flow, and as asked shaded, and painted with the truth at `paint` pixels."""
    photo = change.move(drawn.source, change.enlarge(drawn.flow, SIZE, SIZE), sharp=True)
    if shade:
        photo = shaded(drawn, photo)
    return painted(drawn, photo, paint) if paint else photo


def shaded(drawn: Drawn, moved: Photos) -> Photos:
    """Returns moved photos with the true shading."""
    return jnp.clip((moved + 1.0) * jnp.exp(change.enlarge(drawn.shade, SIZE, SIZE)) - 1.0, -1.0, 1.0)


def painted(drawn: Drawn, photo: Photos, grid: int) -> Photos:
    """Returns photos with what is truly painted, whose colours are known at `grid` pixels."""
    mask = jnp.clip(change.enlarge(drawn.painted, SIZE, SIZE), 0.0, 1.0)
    return (1.0 - mask) * photo + mask * change.enlarge(change.shrink(drawn.target, grid), SIZE, SIZE)


class Reading:
    """What a judge reads in pictures of drawn faces, each of which it is shown once.

    Attributes:
      drawn: the faces.
      names: the expressions asked for, in the judge's order.
      rows: by expression, which pictures it is asked for in.
    """

    def __init__(self, drawn: Drawn, judge: ExpressionJudge):
        self.drawn = drawn
        self.names = [name for name in EXPRESSIONS if name in drawn.expression]
        self._asked = np.array([EXPRESSIONS.index(expression) for expression in drawn.expression])
        self.rows = {name: np.flatnonzero(self._asked == EXPRESSIONS.index(name)) for name in self.names}
        self._probabilities = Remembering(judge.probabilities)

    def right(self, pictures: Photos) -> Bool[np.ndarray, " n"]:
        """Returns which pictures are read as requested."""
        return self._read(pictures).argmax(axis=1) == self._asked

    def gained(self, pictures: Photos) -> Statistic:
        """Returns the expression gain of pictures (`measures.gain`)."""
        made, before, truly = (self.strength(one) for one in (pictures, self.drawn.source, self.drawn.target))
        return gain(made, before, truly, self.drawn.expression)

    def strength(self, pictures: Photos) -> Float[np.ndarray, " n"]:
        """Returns how sure the judge is of what is asked for in each picture, 0..1."""
        return self._read(pictures)[np.arange(len(self._asked)), self._asked]

    def _read(self, pictures: Photos) -> Float[np.ndarray, "n e"]:
        return self._probabilities(np.asarray(images.to_uint8(pictures)))


def report(drawn: Drawn, judge: ExpressionJudge) -> str:
    """Returns the table of what the true maps are read as."""
    rows = {
        "copy the source": drawn.source,
        "flow": composed(drawn),
        "flow, shade": composed(drawn, shade=True),
        "flow, paint at 64": composed(drawn, paint=64),
        "flow, shade, paint at 64": composed(drawn, shade=True, paint=64),
        "flow, shade, paint at 128": composed(drawn, shade=True, paint=128),
    }
    return table(Reading(drawn, judge), rows)


def grids(fine: Drawn, judge: ExpressionJudge) -> str:
    """Returns the table of what flow and shading of each grid are read as, painted at 128."""
    rows = {
        f"flow at {flow}, shade at {shade}": composed(on_grids(fine, flow, shade), shade=True, paint=128)
        for flow in GRIDS
        for shade in GRIDS
    }
    return table(Reading(fine, judge), rows)


def table(reading: Reading, rows: Mapping[str, Photos]) -> str:
    """Returns how pictures by name are read (their mean, the gain, each expression), and L1 to the true pictures.

    The true pictures are the last row.
    """
    target = reading.drawn.target
    cells = []
    for name, pictures in [*rows.items(), ("true pictures", target)]:
        right, everyone = reading.right(pictures), np.arange(len(target))
        shares = [right[of_one].mean() for of_one in reading.rows.values()]
        away = float(jnp.abs(pictures - target).mean()) / 2
        gained = reading.gained(pictures)(everyone)
        read = [f"{np.mean(shares):.0%}", f"{gained:.2f}", *(f"{share:.0%}" for share in shares)]
        cells.append([name, *read, f"{away:.4f}"])
    return lay_out(["", "read as requested", "expression gain", *reading.names, "L1"], cells)


def parser(doc: str | None) -> argparse.ArgumentParser:
    """Returns the command line of a program in which a judge reads drawn faces, with its head as the help."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--data_dir", help="the data folder; else the environment's CDAAE_DATA")
    made.add_argument("--judges", type=pathlib.Path, default=pathlib.Path("runs/judges"))
    made.add_argument("--split", choices=("validation", "test"), default="validation")
    made.add_argument("--output", type=pathlib.Path, required=True)
    return made


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line and writes the table.

    Raises:
      UserError: data or judge are missing.
    """
    reader = parser(__doc__)
    reader.add_argument("--fine", type=pathlib.Path, help="a folder with these people's maps at 256")
    given = reader.parse_args(arguments)
    judge, drawn = ExpressionJudge.load(given.judges), load(given.data_dir, given.split)
    text = report(drawn, judge) if given.fine is None else grids(finer(drawn, given.fine), judge)
    files.write_text(given.output, text)


if __name__ == "__main__":
    program.run(main)
