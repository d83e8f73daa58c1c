"""Faces of whole photos: what is computed from points, then real faces of many sizes, turned and side by side."""

import csv
import pathlib

import numpy as np
import pytest
from PIL import Image

from cdaae_jax.data.alignment import aligned_to_photo
from cdaae_jax.faces import Face, FaceFinder, finder


@pytest.fixture(scope="module")
def faces(face_model):
    return FaceFinder.load(face_model)


@pytest.fixture(scope="module")
def portraits(london_data):
    files = sorted((london_data / "frl_london" / "raw_sample").glob("*.jpg"))
    if not files:
        pytest.skip("CDAAE_DATA has no frl_london/raw_sample")
    return files


def face_of(points):
    return Face(points, np.zeros(52, np.float32), 1.0, 1.0)


def open_eyes():
    """Points with eyes 20 wide and 6 open, the person's right one at (40, 50), the pupils a little off the middle."""
    points = np.tile(np.array([60.0, 60.0], np.float32), (478, 1))
    points[:4] = [(0, 0), (120, 0), (120, 150), (0, 150)]
    for (corners, lids), x in zip(finder.EYES, (40, 80), strict=True):
        points[list(corners)] = [(x - 10, 50), (x + 10, 50)]
        for upper, lower in lids:
            points[[upper, lower]] = [(x, 47), (x, 53)]
    points[[468, 473]] = [(42, 50), (82, 50)]
    return points


def test_eyes_are_the_pupils_or_the_corners_middles():
    assert face_of(open_eyes()).eyes == ((42, 50), (82, 50))
    closed = open_eyes()
    for upper, lower in finder.EYES[0][1]:
        closed[[upper, lower]] = [(40, 49.5), (40, 50.5)]
    assert face_of(closed).eyes == ((40, 50), (82, 50))
    hidden = open_eyes()
    hidden[473] = (92, 50)
    assert face_of(hidden).eyes == ((42, 50), (80, 50))


def test_pupils_are_sorted_and_eyes_are_the_persons():
    upside_down = np.array([120, 150], np.float32) - open_eyes()
    face = face_of(upside_down)
    assert face.eyes == ((78, 100), (38, 100))
    assert face.pupils == ((38, 100), (78, 100))


def test_size_and_hull():
    face = face_of(open_eyes())
    assert face.size == 150
    assert {tuple(map(float, corner)) for corner in face.hull} == {(0, 0), (120, 0), (120, 150), (0, 150)}


@pytest.mark.parametrize("size", [(100, 100), (700, 300), (1500, 2000)])
def test_views_show_the_part_of_the_photo_that_they_say(size):
    """The photo's red and green are its pixels' places."""
    height, width = size
    x, y = np.meshgrid(np.linspace(0, 200, width), np.linspace(0, 200, height))
    photo = np.stack([x, y, np.full(size, 255)], axis=-1).astype(np.uint8)
    sides = []
    for level in finder._views(photo, 1 / 4):
        sides.append(level[0][1])
        for view, side, corner in level:
            row, column = np.nonzero(view[..., 2] == 255)
            at = (np.stack([column, row], axis=1) + 0.5) / 128 * side + corner
            assert np.median(np.abs(view[row, column, :2] - 200 * at / (width, height))) < 2
    assert sides == {100: [100], 700: [700, 350, 192], 1500: [2000, 1000, 500]}[height]


def test_views_overlap_and_reach_both_ends():
    for length in (128, 129, 220, 256, 1024):
        starts = np.array(finder._starts(length))
        assert starts[0] == 0 and starts[-1] == length - 128
        assert (np.diff(starts) <= 84).all()


@pytest.mark.parametrize(
    "photo", [np.zeros((8, 8, 3), np.float32), np.zeros((8, 8), np.uint8), np.zeros((0, 8, 3), "u1")]
)
def test_wrong_photos_are_refused(photo):
    with pytest.raises(ValueError, match=r"must be uint8 \[H, W, 3\]"):
        FaceFinder(None).find(photo)


# --- with the networks ------------------------------------------------------------------------------------------------


def test_pupils_of_whole_photos_are_those_of_the_reference_crops(faces, portraits, london_data):
    """Within 3 % of the inter-pupil distance, the mean over photos within 1.5 %."""
    with open(london_data / "frl_london" / "metadata.csv", newline="") as table:
        rows = {pathlib.Path(row["file"]).stem: row for row in csv.DictReader(table)}
    errors = []
    for file in portraits:
        row = rows[file.stem]
        (face,) = faces.find(np.asarray(Image.open(file)))
        pairs = [(float(row[f"{eye}_x"]) / 2, float(row[f"{eye}_y"]) / 2) for eye in ("left_eye", "right_eye")]
        reference = np.array(sorted(pairs))
        distance = np.linalg.norm(reference[1] - reference[0])
        errors.append(np.linalg.norm(np.array(face.pupils) - reference, axis=1).max() / distance)
    assert max(errors) < 0.03
    assert np.mean(errors) < 0.015


def test_faces_of_many_sizes_on_one_canvas_each_once(faces, portraits):
    canvas = np.full((1500, 2000, 3), (90, 110, 120), np.uint8)
    for file, (side, left, top) in zip(
        portraits[::2], [(900, 50, 100), (400, 1100, 200), (130, 1500, 900)], strict=False
    ):
        small = Image.open(file).resize((side, side), Image.Resampling.LANCZOS)
        canvas[top : top + side, left : left + side] = np.asarray(small)
    found = faces.find(canvas)
    assert [round(face.size / found[0].size * 900) // 50 for face in found] == [18, 8, 2]
    assert len(faces.find(canvas, most=2)) == 2
    (largest,) = faces.find(canvas, most=1)
    np.testing.assert_array_equal(largest.points, found[0].points)


@pytest.mark.parametrize("degrees", [40, 90, 125, 180, 225, 300])
def test_turned_faces_are_found_upright(faces, portraits, degrees):
    photo = Image.open(portraits[0]).rotate(degrees, expand=True, fillcolor=(128,) * 3)
    (face,) = faces.find(np.asarray(photo))
    across = np.subtract(*reversed(face.eyes))
    turned = np.degrees(np.arctan2(-across[1], across[0])) - degrees
    assert abs((turned + 180) % 360 - 180) < 5
    # The eyes' distance says that they are eyes: a chin taken for a forehead has them too close.
    upright = faces.find(np.asarray(Image.open(portraits[0])))[0]
    assert np.linalg.norm(across) == pytest.approx(np.linalg.norm(np.subtract(*upright.eyes)), rel=0.04)
    # What alignment would make of the eyes: the face's middle lies below them.
    if degrees < 90:
        assert np.linalg.det(aligned_to_photo(*face.pupils)[:, :2]) > 0


def test_a_face_is_followed_and_nothing_is_found_in_nothing(faces, portraits):
    photo = np.asarray(Image.open(portraits[0]))
    (face,) = faces.find(photo)
    again = faces.follow(np.roll(photo, 15, axis=1), face)
    np.testing.assert_allclose(again.points.mean(axis=0), face.points.mean(axis=0) + (15, 0), atol=3)
    nothing = np.full_like(photo, 90)
    assert faces.follow(nothing, face) is None
    assert faces.find(nothing) == []
