"""The renderer: the same bytes again, the alignment's geometry, and AUs that act where and how much they should."""

import numpy as np
import pytest

from cdaae_jax.data import alignment
from cdaae_jax.data.synthetic_faces import renderer
from cdaae_jax.data.synthetic_faces.action_units import AU_NAMES, NUM_AUS, au_vector
from cdaae_jax.data.synthetic_faces.identity import Identity, stack
from cdaae_jax.errors import UserError
from cdaae_jax.labels import ACTION_UNITS, DISFA_AUS

SIZE = 64  # one size for all tests: one compilation
SEED = 3

# Where each AU acts: (top, bottom, left, right) as fractions of the picture.
REGIONS = {
    "AU1": (0.10, 0.35, 0.35, 0.65),
    "AU2": (0.15, 0.36, 0.15, 0.85),
    "AU4": (0.22, 0.40, 0.30, 0.70),
    "AU5": (0.32, 0.42, 0.25, 0.75),
    "AU6": (0.35, 0.55, 0.20, 0.80),
    "AU7": (0.32, 0.45, 0.25, 0.75),
    "AU9": (0.35, 0.68, 0.35, 0.65),
    "AU10": (0.55, 0.75, 0.33, 0.67),
    "AU12": (0.55, 0.82, 0.28, 0.72),
    "AU14": (0.64, 0.80, 0.25, 0.75),
    "AU15": (0.66, 0.86, 0.30, 0.70),
    "AU17": (0.65, 0.97, 0.30, 0.70),
    "AU20": (0.65, 0.85, 0.28, 0.72),
    "AU23": (0.64, 0.82, 0.33, 0.67),
    "AU24": (0.64, 0.82, 0.33, 0.67),
    "AU25": (0.65, 0.80, 0.33, 0.67),
    "AU26": (0.65, 1.00, 0.20, 0.80),
    "AU43": (0.32, 0.44, 0.25, 0.75),
}


@pytest.fixture(scope="module")
def person():
    return renderer.sample_identity(SEED)


@pytest.fixture(scope="module")
def graded(person):
    """Pictures of one person, float [A, 4, S, S, 3]: each AU of the vocabulary at 0, 1, 3 and 5."""
    rows = np.stack([au_vector({name: level}) for name in ACTION_UNITS for level in (0, 1, 3, 5)])
    pictures = renderer.render_batch(stack([person] * len(rows)), rows, SIZE)
    return pictures.reshape(len(ACTION_UNITS), 4, SIZE, SIZE, 3).astype(np.float64)


def test_same_arguments_same_bytes(person):
    first = renderer.render(person, {"AU12": 3.5}, SIZE)
    again = renderer.render(renderer.sample_identity(SEED), {"AU12": 3.5}, SIZE)
    assert first.shape == (SIZE, SIZE, 3) and first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)


def test_a_batch_is_its_pictures_one_by_one(person):
    other = renderer.sample_identity(SEED + 1)
    rows = np.stack([au_vector({"AU1": 2.0}), au_vector({"AU25": 4.0, "AU26": 3.0})])
    batch = renderer.render_batch(stack([person, other]), rows, SIZE)
    single = renderer.render(other, {"AU25": 4.0, "AU26": 3.0}, SIZE)
    assert np.abs(batch[1].astype(int) - single).max() <= 1


def test_no_pictures_of_nobody(person):
    nobody = Identity(*(value[:0] for value in stack([person])))
    assert renderer.render_batch(nobody, np.zeros((0, NUM_AUS)), SIZE).shape == (0, SIZE, SIZE, 3)


def test_people_differ_in_every_number_and_in_the_picture():
    people = stack([renderer.sample_identity(seed) for seed in range(32)])
    for name, values in people._asdict().items():
        assert values.dtype == np.float32 and np.isfinite(values).all(), name
        assert values.std(axis=0).max() > 0.0, f"{name} is the same for everybody"
    pictures = renderer.render_batch(people, np.zeros((32, NUM_AUS)), SIZE).astype(np.float64)
    first, second = np.triu_indices(32, 1)
    assert np.abs(pictures[first] - pictures[second]).mean(axis=(1, 2, 3)).min() > 8.0


def test_pupils_lie_where_the_alignment_puts_them():
    """With eyes wide open, the dark of pupil and iris is centred on the aligned position, in the mean of people."""
    people = [renderer.sample_identity(seed) for seed in range(16)]
    pictures = renderer.render_batch(stack(people), np.stack([au_vector({"AU5": 5.0})] * 16), SIZE)
    dark = 255.0 - pictures.astype(np.float64).mean(axis=(0, 3))
    place = (np.arange(SIZE) + 0.5) / SIZE
    reach = 0.03
    rows = np.abs(place - alignment.EYES_Y) < reach
    for eye_x in (alignment.LEFT_EYE_X, alignment.RIGHT_EYE_X):
        columns = np.abs(place - eye_x) < reach
        patch = dark[np.ix_(rows, columns)]
        weight = patch - patch.min()
        centre_x = (weight.sum(axis=0) * place[columns]).sum() / weight.sum()
        centre_y = (weight.sum(axis=1) * place[rows]).sum() / weight.sum()
        assert abs(centre_x - eye_x) < 0.008 and abs(centre_y - alignment.EYES_Y) < 0.012


def test_every_au_changes_its_own_region_more_with_more_intensity(graded):
    assert set(REGIONS) == set(ACTION_UNITS)
    for name, pictures in zip(ACTION_UNITS, graded, strict=True):
        change = np.abs(pictures[1:] - pictures[0]).mean(axis=-1)
        amount = change.mean(axis=(1, 2))
        assert 0.0 < amount[0] < amount[1] < amount[2], name
        top, bottom, left, right = (round(edge * SIZE) for edge in REGIONS[name])
        own = change[-1, top:bottom, left:right]
        assert own.mean() > 3.0 * (change[-1].sum() - own.sum()) / (SIZE * SIZE - own.size), name


def test_aus_leave_the_other_half_of_the_face_and_the_room_alone(graded):
    by_name = dict(zip(ACTION_UNITS, graded, strict=True))
    for name in ("AU12", "AU20", "AU25"):
        assert np.abs(by_name[name][3] - by_name[name][0])[: SIZE // 5].max() <= 1.0, name
    for name in ("AU1", "AU5"):
        assert np.abs(by_name[name][3] - by_name[name][0])[int(0.6 * SIZE) :].max() <= 4.0, name


def test_one_sided_aus_pull_on_their_side(person):
    neutral = renderer.render(person, {}, SIZE).astype(np.float64)
    mouth = slice(int(0.6 * SIZE), int(0.85 * SIZE))
    for name in ("AU12", "AU14"):
        for side, columns, others in (
            ("R", slice(0, SIZE // 2 - 3), slice(SIZE // 2 + 3, SIZE)),
            ("L", slice(SIZE // 2 + 3, SIZE), slice(0, SIZE // 2 - 3)),
        ):
            change = np.abs(renderer.render(person, {name + side: 5.0}, SIZE) - neutral)[mouth]
            assert change[:, columns].sum() > 4.0 * change[:, others].sum(), name + side


def test_both_one_sided_aus_are_the_two_sided_one(person):
    both = renderer.render(person, {"AU12": 3.0}, SIZE)
    np.testing.assert_array_equal(renderer.render(person, {"AU12L": 3.0, "AU12R": 3.0}, SIZE), both)


def test_the_order_of_aus_is_the_vocabulary_then_the_sides():
    assert AU_NAMES[: len(ACTION_UNITS)] == tuple(ACTION_UNITS) and set(DISFA_AUS) <= set(AU_NAMES)
    vector = au_vector({"au12": 3.5, "AU14R": 1.0})
    assert vector[AU_NAMES.index("AU12")] == 3.5 and vector.sum() == 4.5


@pytest.mark.parametrize(
    ("aus", "complaint"),
    [
        ({"AU13": 1.0}, "unknown action unit"),
        ({"smile": 1.0}, "unknown action unit"),
        ({"AU12": 5.5}, "0 to 5"),
        ({"AU12": -1.0}, "0 to 5"),
        ({"AU12": float("nan")}, "0 to 5"),
        ({"AU12": "much"}, "not a number"),
    ],
)
def test_unusable_aus(person, aus, complaint):
    with pytest.raises(UserError, match=complaint):
        renderer.render(person, aus, SIZE)


def test_unusable_batches(person):
    two = stack([person, person])
    with pytest.raises(UserError, match="must be"):
        renderer.render_batch(two, np.zeros((2, 12)), SIZE)
    with pytest.raises(UserError, match="one row per person"):
        renderer.render_batch(two, np.zeros((3, NUM_AUS)), SIZE)
    with pytest.raises(UserError, match="0 to 5"):
        renderer.render_batch(two, np.full((2, NUM_AUS), 6.0), SIZE)
    with pytest.raises(UserError, match="size"):
        renderer.render_batch(two, np.zeros((2, NUM_AUS)), 8)


@pytest.mark.parametrize("seed", [-1, 1.5, True, "7"])
def test_unusable_seeds(seed):
    with pytest.raises(UserError, match="whole number"):
        renderer.sample_identity(seed)
