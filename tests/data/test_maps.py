"""True maps: of which pairs they are known, mirrored with their pictures, and what is refused."""

import numpy as np
import pytest

from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data.maps import Maps
from cdaae_jax.errors import UserError

GRID = 64


def with_maps(folder, *expressions, grid=GRID):
    """Gives p1's pictures of these expressions maps: the first number of each is 1, 2, 3 ... hundredths of a side."""
    for i, expression in enumerate(expressions, start=1):
        flow = np.full((grid, grid, 2), 0.01 * i, np.float16)
        flow[:, : grid // 2] *= -1
        painted = np.full((grid, grid), 0.25, np.float16)
        np.savez(folder / "faces" / "p1" / expression / "photo.npz", flow=flow, painted=painted, shade=painted - 1)


def load(folder):
    dataset = datasets.load(Data(manifests=("faces.csv",)), folder, 32)
    names = [record.name.split("/")[-3:-1] for record in dataset.records]
    return dataset, {(person, expression): i for i, (person, expression) in enumerate(names)}


def ask(maps, *pairs, mirrored=False):
    source, target = (np.array(column) for column in zip(*pairs, strict=True))
    return maps(source, target, np.full(len(pairs), mirrored))


def test_maps_are_known_from_neutral_and_of_a_photo_with_itself(faces_copy):
    with_maps(faces_copy, "happy")
    dataset, at = load(faces_copy)
    neutral, happy, surprised = (at["p1", name] for name in ("neutral", "happy", "surprised"))
    maps, known = ask(
        Maps(dataset), (neutral, happy), (surprised, happy), (neutral, surprised), (happy, happy), (happy, neutral)
    )
    np.testing.assert_array_equal(known, [1, 0, 0, 1, 0])
    np.testing.assert_allclose(maps[0, 0, -1], [0.01, 0.01, 0.25, -0.75], atol=1e-4)
    assert not maps[1:].any()


@pytest.mark.parametrize("grid", [32, 128])
def test_maps_are_as_fine_as_they_were_drawn(faces_copy, grid):
    with_maps(faces_copy, "happy", grid=grid)
    dataset, at = load(faces_copy)
    maps, _ = ask(Maps(dataset), (at["p1", "neutral"], at["p1", "happy"]))
    assert maps.shape == (1, grid, grid, 4)


def test_maps_of_two_grids_are_refused(faces_copy):
    with_maps(faces_copy, "happy", "surprised")
    with_maps(faces_copy, "happy", grid=32)
    dataset, _ = load(faces_copy)
    with pytest.raises(UserError, match=r"photo.npz holds maps of \d+ x \d+ points; allowed: \d+ x \d+, as the others"):
        Maps(dataset)


def test_a_mirrored_pair_has_mirrored_maps(faces_copy):
    with_maps(faces_copy, "happy")
    dataset, at = load(faces_copy)
    maps, _ = ask(Maps(dataset), (at["p1", "neutral"], at["p1", "happy"]), mirrored=True)
    # Left and right change places, and what came from the right comes from the left.
    np.testing.assert_allclose(maps[0, 0, 0], [-0.01, 0.01, 0.25, -0.75], atol=1e-4)
    np.testing.assert_allclose(maps[0, 0, -1], [0.01, -0.01, 0.25, -0.75], atol=1e-4)


def test_data_without_maps_is_refused(faces_copy):
    dataset, _ = load(faces_copy)
    with pytest.raises(UserError, match=r"config\.loss\.maps_weight is not 0, but no picture"):
        Maps(dataset)


@pytest.mark.parametrize("spoil", ["cut", "not square", "too large", "pickle"])
def test_maps_that_cannot_be_used_are_refused_by_name(faces_copy, spoil):
    with_maps(faces_copy, "happy")
    file = faces_copy / "faces" / "p1" / "happy" / "photo.npz"
    if spoil == "cut":
        file.write_bytes(file.read_bytes()[:100])
    elif spoil == "pickle":
        np.savez(file, flow=np.array([object()]), painted=np.zeros((GRID, GRID)), shade=np.zeros((GRID, GRID)))
    else:
        sides = (8, 9) if spoil == "not square" else (513, 513)
        np.savez(file, flow=np.zeros((*sides, 2)), painted=np.zeros(sides), shade=np.zeros(sides))
    dataset, _ = load(faces_copy)
    with pytest.raises(UserError, match="photo.npz"):
        Maps(dataset)
