"""How much of an expression is the same for all faces: the mean of training people's true maps, laid by landmarks.

python -m studies.laid_maps --model=emotion --data_dir=DATA --judges=runs/judges --output=laid_maps.md

The maps of training people are brought onto the mean face (`cdaae_jax.data.places`), and their mean is laid over other
people, by their own landmarks. No network takes part, but that mask and paint are the model's. Neutral photos to six
full expressions at 256 px, read by a judge. DATA holds landmarks68.npz beside the pictures.
"""

import dataclasses
import pathlib
from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cdaae_jax import files, pretrained
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data import places
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.judges.face_api import ExpressionJudge, IdentityJudge
from cdaae_jax.evaluation.report.tables import lay_out
from cdaae_jax.models import change
from cdaae_jax.models.change import Change
from studies import learnt_maps, program, replaced_maps, true_maps
from studies.true_maps import MANIFESTS, Drawn, Reading

FIELDS = (2, 1, 1)  # channels of flow, painted and shade
Points = Float[np.ndarray, "n 68 2"]
Mean = Mapping[str, Float[Array, "g g 4"]]


def landmarks(drawn: Drawn, folder: pathlib.Path) -> Points:
    """Returns the landmarks of drawn faces, in sides.

    Raises:
      UserError: somebody's are not known.
    """
    found = []
    for file in drawn.file:
        person = file.rsplit("_", 2)[0]
        points = places.of_file(folder / "emotion" / file, person)
        if points is None:
            raise UserError(f"there are no landmarks of {person} in a {places.FILE} beside {folder}")
        found.append(points)
    return np.stack(found)


def mean_maps(drawn: Drawn, points: Points) -> Mean:
    """Returns, by expression, the mean of the true maps on the mean face."""
    fields = jnp.concatenate([drawn.flow, drawn.painted, drawn.shade], axis=-1)
    back = jnp.asarray(np.stack([places.of_mean_face(one) for one in points]), jnp.float32)
    onto = change.move(fields, change.enlarge(back, *fields.shape[1:3]))
    expression = np.array(drawn.expression)
    return {name: onto[np.flatnonzero(expression == name)].mean(axis=0) for name in sorted({*drawn.expression})}


def laid(mean: Mean, drawn: Drawn, points: Points) -> Drawn:
    """Returns the faces with the mean maps laid over them in place of their own."""
    fields = jnp.stack([mean[name] for name in drawn.expression])
    place = jnp.asarray(np.stack([places.on_mean_face(one) for one in points]), jnp.float32)
    there = change.move(fields, change.enlarge(place, *fields.shape[1:3]))
    flow, painted, shade = jnp.split(there, np.cumsum(FIELDS)[:-1], axis=-1)
    return dataclasses.replace(drawn, flow=flow, painted=painted, shade=shade)


def misses(drawn: Drawn, other: Drawn) -> list[str]:
    """Returns how far maps are from the true ones where nothing is painted: flow, in pixels of 64, and light."""
    light = ((1.0 - drawn.painted) * jnp.abs(other.shade - drawn.shade)).mean()
    return [f"{learnt_maps.flow_error(Change(flow=other.flow), drawn):.3f}", f"{float(light):.4f}"]


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line and writes the tables.

    Raises:
      UserError: the data, landmarks, the judges or the model are missing, or its changes lack a part.
    """
    parser = true_maps.parser(__doc__)
    parser.add_argument("--model", default="emotion", help="a name or a folder")
    given = parser.parse_args(arguments)
    judge, identity = ExpressionJudge.load(given.judges), IdentityJudge.load(given.judges)
    folder = datasets.root(given.data_dir) / pathlib.Path(MANIFESTS[0]).parent
    trained, drawn = (true_maps.load(given.data_dir, split) for split in ("train", given.split))
    mean = mean_maps(trained, landmarks(trained, folder))
    mine = laid(mean, drawn, landmarks(drawn, folder))
    found = learnt_maps.changes(pretrained.open_model(given.model), drawn)
    learnt_maps.require_whole(found)
    nothing = dataclasses.replace(drawn, flow=jnp.zeros_like(drawn.flow), shade=jnp.zeros_like(drawn.shade))
    model = dataclasses.replace(
        drawn,
        flow=change.enlarge(found.flow, *drawn.flow.shape[1:3]),
        shade=replaced_maps.light(found, drawn),
    )
    named = {"nothing": nothing, "the model": model, "mean maps, laid by landmarks": mine}
    far = lay_out(["", "flow, pixels of 64", "light"], [[name, *misses(drawn, one)] for name, one in named.items()])
    rows = {
        "the model": replaced_maps.composed(found, drawn, ()),
        "mean maps, laid by landmarks": replaced_maps.composed(found, mine, ("flow", "shading")),
    }
    reading = Reading(drawn, judge)
    tables = (far, true_maps.table(reading, rows), replaced_maps.by_expression(reading, rows, identity))
    files.write_text(given.output, "\n".join(tables))


if __name__ == "__main__":
    program.run(main)
