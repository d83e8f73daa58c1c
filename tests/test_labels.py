"""Labels as people write them, and back."""

import numpy as np
import pytest

from cdaae_jax import labels
from cdaae_jax.errors import UserError
from cdaae_jax.labels import LabelSpace

FACES = LabelSpace("emotion", ("neutral", "happy", "sad", "surprised"))
NO_NEUTRAL = LabelSpace("emotion", ("happy", "sad"))
UNITS = LabelSpace("au", ("AU1", "AU6", "AU12"))


@pytest.mark.parametrize(
    ("space", "label", "expected"),
    [
        (FACES, "happy", (0, 1, 0, 0)),
        (FACES, "neutral", (1, 0, 0, 0)),
        (FACES, "happy=0.7,surprised=0.3", (0, 0.7, 0, 0.3)),
        (FACES, " Happy = 0.7 , SURPRISED=0.3 ,", (0, 0.7, 0, 0.3)),
        (FACES, "happy,surprised=0.5", (-0.5, 1, 0, 0.5)),
        (FACES, {"happy": 0.7, "surprised": 0.3}, (0, 0.7, 0, 0.3)),
        (FACES, {"happy": "0.5"}, (0.5, 0.5, 0, 0)),
        (FACES, "smile=0.25", (0.75, 0.25, 0, 0)),
        (FACES, "happy=1.5", (-0.5, 1.5, 0, 0)),
        (FACES, "neutral=0.2,happy=0.2", (0.2, 0.2, 0, 0)),
        (FACES, {"happy": 0}, (1, 0, 0, 0)),
        (NO_NEUTRAL, "happy=0.5", (0.5, 0)),
        (UNITS, "AU12", (0, 0, 1)),
        (UNITS, "AU12=3,AU6=2", (0, 0.4, 0.6)),
        (UNITS, " au12 = 5 ", (0, 0, 1)),
        (UNITS, {"AU12": 3, "au6": 2}, (0, 0.4, 0.6)),
        (UNITS, {"AU1": 0.0}, (0, 0, 0)),
        (UNITS, np.array([0.1, -3.0, 2.0]), (0.1, -3, 2)),
        (UNITS, [0.1, 0.2, 0.3], (0.1, 0.2, 0.3)),
    ],
)
def test_every_documented_form_is_read(space, label, expected):
    vector = space.parse(label)
    assert vector.dtype == np.float32 and vector.shape == (space.size,)
    np.testing.assert_allclose(vector, expected, atol=1e-7)


@pytest.mark.parametrize(
    ("space", "label", "message"),
    [
        (FACES, "hapy", "unknown expression 'hapy'; this model knows happy, "),
        (FACES, "contempt", "unknown expression 'contempt'; this model knows .*happy"),
        (FACES, "=0.5", "unknown expression ''"),
        (UNITS, "AU2", "unknown action unit 'AU2'; this model knows (AU1|AU12), (AU1|AU12), AU6"),
        (UNITS, {12: 3}, "unknown action unit '12'; this model knows AU12, AU1, AU6"),
        (FACES, "", "empty label; write for example surprised=0.7"),
        (UNITS, " , ", "empty label; write for example AU12=3"),
        (FACES, {}, "empty label"),
        (FACES, "happy=0.5,smile=0.5", "happy is given twice in the label 'happy=0.5,smile=0.5'; give it once"),
        (FACES, "happy=much", "happy=much is not a number; write for example surprised=0.7"),
        (FACES, "happy=", "happy= is not a number"),
        (FACES, "happy=0.5;sad=0.5", "happy=0.5;sad=0.5 is not a number"),
        (FACES, {"happy": None}, "happy=None is not a number"),
        (FACES, "happy=1.6", "happy=1.6 is out of range: emotions go from 0 to 1.5"),
        (FACES, "happy=-0.1", "happy=-0.1 is out of range"),
        (FACES, "happy=nan", "happy=nan is out of range"),
        (UNITS, "AU12=5.1", "AU12=5.1 is out of range: FACS intensities go from 0 to 5"),
        (UNITS, {"AU12": -1}, "AU12=-1 is out of range"),
        (FACES, [0.1, 0.2], "a label vector has 4 finite numbers, one each for neutral, happy, sad, surprised; got"),
        (FACES, np.zeros((1, 4)), "a label vector has 4 finite numbers"),
        (FACES, [0, 0, 0, np.nan], "a label vector has 4 finite numbers"),
        (FACES, ["happy"], r"a label vector has 4 finite numbers.*got \['happy'\]"),
        (FACES, [[1], [2, 3]], "a label vector has 4 finite numbers"),
        (FACES, None, "a label vector has 4 finite numbers.*got None"),
    ],
)
def test_labels_that_cannot_be_used_are_explained_in_one_line(space, label, message):
    with pytest.raises(UserError, match=message) as raised:
        space.parse(label)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("limit", [0, 1.5])
def test_emotions_may_take_the_ends_of_their_range(limit):
    assert FACES.parse({"happy": limit})[1] == pytest.approx(limit)


@pytest.mark.parametrize("limit", [0, 5])
def test_action_units_may_take_the_ends_of_their_range(limit):
    assert UNITS.parse({"AU12": limit})[2] == pytest.approx(limit / 5)


@pytest.mark.parametrize(
    ("space", "label", "text"),
    [
        (FACES, "happy=0.7,surprised=0.3", "happy=0.7,surprised=0.3"),
        (FACES, "happy", "happy=1"),
        (FACES, "happy=0.5", "happy=0.5"),
        (FACES, "happy=1.3", "happy=1.3"),  # a neutral of -0.3 could not be read again
        (FACES, "neutral", "neutral=1"),
        (FACES, "neutral=0.5", "neutral=0.5"),
        (FACES, "neutral=0,happy=0.5", "neutral=0,happy=0.5"),
        (FACES, "neutral=0.2,happy=0.2", "neutral=0.2,happy=0.2"),
        (FACES, np.zeros(4), "neutral=0"),
        (NO_NEUTRAL, "sad=0.25", "sad=0.25"),
        (NO_NEUTRAL, np.zeros(2), "happy=0"),
        (UNITS, "AU12=3,AU6=2", "AU6=2,AU12=3"),
        (UNITS, "AU1=0", "AU1=0"),
        (UNITS, "AU12=5", "AU12=5"),
    ],
)
def test_a_described_vector_is_read_again_as_itself(space, label, text):
    vector = space.parse(label)
    assert space.describe(vector) == text
    np.testing.assert_allclose(space.parse(text), vector, atol=1e-6)


def test_random_vectors_survive_being_described():
    random = np.random.default_rng(0)
    for space, top in ((FACES, 1.5), (NO_NEUTRAL, 1.5), (UNITS, 1.0)):
        for vector in random.uniform(0, top, (20, space.size)).astype(np.float32):
            np.testing.assert_allclose(space.parse(space.describe(vector)), vector, atol=1e-4)


def test_mix_is_a_straight_line_that_goes_on():
    start, end = FACES.parse("neutral"), FACES.parse("happy")
    np.testing.assert_array_equal(FACES.mix(start, end, 0.0), start)
    np.testing.assert_array_equal(FACES.mix(start, end, 1.0), end)
    np.testing.assert_allclose(FACES.mix(start, end, 0.25), FACES.parse("happy=0.25"))
    np.testing.assert_allclose(FACES.mix(start, end, 1.5), FACES.parse("happy=1.5"))
    assert FACES.mix(start, end, 0.3).dtype == np.float32


@pytest.mark.parametrize(("word", "name"), [*labels.SYNONYMS.items(), (" Happy ", "happy"), ("grin", "grin")])
def test_synonyms(word, name):
    assert labels.canonical_emotion(word) == name


def test_every_synonym_is_one_of_the_eight_expressions():
    assert set(labels.SYNONYMS.values()) <= set(labels.EMOTIONS)
    assert set(labels.DISFA_AUS) <= set(labels.ACTION_UNITS)


def test_nearest_lists_all_names_the_likest_first():
    assert labels.nearest("Suprised", labels.EMOTIONS)[0] == "surprised"
    assert sorted(labels.nearest("x", labels.EMOTIONS)) == sorted(labels.EMOTIONS)


@pytest.mark.parametrize(
    ("kind", "names", "message"),
    [
        ("mood", ("happy",), "label kind 'mood' is unknown: use 'emotion', 'au' or 'both'"),
        ("emotion", (), "at least one and all different"),
        ("emotion", ("happy", "happy"), r"\['happy', 'happy'\] must be at least one and all different"),
    ],
)
def test_label_spaces_that_make_no_sense_are_refused(kind, names, message):
    with pytest.raises(UserError, match=message):
        LabelSpace(kind, names)


def test_one_sided_labels_are_contempt_and_those_of_one_side():
    assert LabelSpace("emotion", ("neutral", "contemptuous", "angry")).one_sided.tolist() == [False, True, False]
    assert LabelSpace("au", ("AU12", "AU12R", "AU14L")).one_sided.tolist() == [False, True, True]


BOTH = LabelSpace("both", ("neutral", "happy", "AU6", "AU12"))


@pytest.mark.parametrize(
    ("label", "vector"),
    [
        ("happy=0.5", [0.5, 0.5, 0, 0]),
        ("au12=2.5", [0, 0, 0, 0.5]),
        ("AU12", [0, 0, 0, 1]),
        ({"happy": 1, "AU6": 5}, [0, 1, 1, 0]),
        ("neutral", [1, 0, 0, 0]),
        ("neutral=0", [0, 0, 0, 0]),
    ],
)
def test_emotions_and_units_in_one_label(label, vector):
    parsed = BOTH.parse(label)
    np.testing.assert_allclose(parsed, vector)
    np.testing.assert_allclose(BOTH.parse(BOTH.describe(parsed)), vector)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("AU9=1", "unknown action unit 'AU9'"),
        ("hapy", "unknown expression 'hapy'; this model knows happy"),
        ("happy=2", "emotions go from 0 to 1.5"),
        ("AU6=6", "FACS intensities go from 0 to 5"),
    ],
)
def test_what_is_wrong_with_a_label_of_both_is_said(label, message):
    with pytest.raises(UserError, match=message):
        BOTH.parse(label)
