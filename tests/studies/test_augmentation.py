"""The study of what made pictures are worth: all of it on a tiny set, with a model that only pretends."""

import json

import numpy as np
import pytest
from jax import tree_util

from cdaae_jax import images
from cdaae_jax.config import Data
from cdaae_jax.config_fields import to_dict
from cdaae_jax.errors import UserError
from cdaae_jax.labels import LabelSpace
from studies import augmentation as augmentation_study

SIDE = 32
SPACE = LabelSpace("emotion", ("neutral", "happy", "surprised"))


class Painter:
    """Stands for a Sampler: its "edits" say in their first pixels which label was asked for."""

    labels, image_size = SPACE, SIDE

    def __init__(self, max_people=0, held_out=1):
        data = Data(manifests=("faces.csv",), held_out=held_out, max_people=max_people)
        self.meta = {"config": {"data": to_dict(data)}, "step": 12}

    def edit(self, pictures, labels):
        made = pictures.copy()
        for picture, label in zip(made, labels, strict=True):
            assert abs(label.sum() - 1) < 1e-5
            picture[0, : len(label)] = np.clip(100 * label, 0, 255).astype(np.uint8)[:, None]
        return made


@pytest.fixture
def augmentation(monkeypatch):
    monkeypatch.setattr(augmentation_study.memory, "keep", lambda: None)  # it is for the whole process
    return augmentation_study


def make_sets(augmentation, num_people=4):
    """True pictures of everybody in every expression, and what is made of them where the first 3 people are known."""
    person, label = np.repeat(np.arange(num_people), 3), np.tile(np.arange(3), num_people)
    pictures = np.zeros((len(label), SIDE, SIDE, 3), np.uint8)
    pictures[:, 1, 0, 0] = person
    true = augmentation.Pictures(pictures, label, person, label == 0)
    return true, augmentation.make_pictures(Painter(), true, np.flatnonzero((person < 3) | (label == 0)))


def test_made_pictures_are_of_the_person_and_the_label(augmentation):
    true, made = make_sets(augmentation)
    variations = augmentation.VARIATIONS
    assert len(made.label) == 3 * (9 + 1 + 4 * variations)
    np.testing.assert_array_equal(made.images[:, 1, 0, 0], made.person)
    asked = made.images[:, 0, :3, 0].astype(int)  # hundredths
    np.testing.assert_array_equal(np.argmax(asked, axis=1), made.label)
    plain = (asked == 100 * np.eye(3, dtype=int)[made.label]).all(axis=1)
    assert plain.sum() == 3 * (9 + 1) and made.from_neutral[~plain].all()
    of_label = asked[np.arange(len(asked)), made.label][~plain]
    assert of_label.min() >= 70 and of_label.max() <= 130
    assert of_label[made.label[~plain] > 0].max() > 100 and len(np.unique(of_label)) > 5
    other = np.sort(asked[~plain & (made.label == 1)][:, 2])
    assert other[-1] <= 20 and len(np.unique(other)) > 3


def test_the_same_seed_makes_the_same_pictures(augmentation):
    first, second = (make_sets(augmentation)[1] for _ in range(2))
    tree_util.tree_map(np.testing.assert_array_equal, tuple(first), tuple(second))


def test_rows_use_whom_they_name(augmentation):
    true, made = make_sets(augmentation)
    rows = augmentation.make_rows(true, made, 3, np.array([1]))

    def seen(name):
        row = rows[name]
        of_true, of_made = true.of(row.true), made.of(row.made)
        shown = {(int(p), int(k)) for p, k in zip(of_true.person, of_true.label, strict=True)}
        return shown, set(of_made.person.tolist()), of_made

    everyone = {(p, k) for p in range(4) for k in range(3)}
    known = {(p, k) for p, k in everyone if p < 3}
    assert seen("all")[:2] == (known, set())
    assert seen("all_made")[:2] == (known, {0, 1, 2})
    assert not seen("all_made")[2].from_neutral.all()
    assert seen("only_made")[:2] == ({(p, 0) for p in range(3)}, {0, 1, 2})
    one = {(1, 0), (1, 1), (1, 2)}
    assert seen("few")[:2] == (one, set())
    assert seen("few_neutral")[:2] == (one | {(0, 0), (2, 0)}, set())
    assert seen("few_made")[:2] == (one | {(0, 0), (2, 0)}, {0, 2})
    assert seen("more_neutral")[:2] == (known | {(3, 0)}, set())
    assert seen("more_made")[:2] == (known | {(3, 0)}, {3})
    assert seen("more")[:2] == (everyone, set())
    for name in ("only_made", "few_made", "more_made"):
        assert seen(name)[2].from_neutral.all()


def test_rows_that_would_say_nothing_are_left_out(augmentation):
    true, made = make_sets(augmentation, num_people=3)
    assert list(augmentation.make_rows(true, made, 3, np.arange(3))) == ["all", "all_made", "only_made"]


def test_the_whole_study(augmentation, monkeypatch, faces_manifest, tmp_path, capsys):
    monkeypatch.setattr(augmentation.Sampler, "from_checkpoint", lambda path: Painter(max_people=2))
    flags = [f"--data_dir={faces_manifest.parent}", f"--output={tmp_path / 'out'}", "--few=1", "--seeds=2", "--steps=2"]
    assert augmentation.main(["--checkpoint=none", *flags]) == 0
    content = json.loads((tmp_path / "out" / "augmentation.json").read_text())
    rows = content["rows"]
    assert set(rows) == {
        *("all", "all_made", "only_made", "few", "few_neutral", "few_made", "more_neutral", "more_made", "more"),
    }
    assert content["people"] == {"known_to_the_model": ["p1", "p2"], "unknown": ["p3"], "tested": ["p4"]}
    assert rows["few"]["true_pictures"] == 3 and rows["more"]["true_pictures"] == 9
    assert rows["few_made"]["made_pictures"] == 3 * (1 + augmentation.VARIATIONS)
    for row in rows.values():
        accuracy = row["accuracy"]
        assert accuracy["value"] == pytest.approx(np.mean(row["accuracy_by_seed"]))
        assert accuracy["value"] == pytest.approx(np.mean(list(row["recall"].values())))
        assert accuracy["low"] <= accuracy["value"] + 1e-9 and accuracy["value"] <= accuracy["high"] + 1e-9
        if row["beside"]:
            gain = accuracy["value"] - rows[row["beside"]]["accuracy"]["value"]
            assert row["gain"]["value"] == pytest.approx(gain, abs=1e-9)
    table = (tmp_path / "out" / "augmentation.md").read_text()
    assert table == capsys.readouterr().out
    lines = table.splitlines()
    assert lines[2].startswith("| true pictures of 2 people | 6 | 0 | ") and lines[11] == ""
    assert len({line.count("|") for line in lines[:11]}) == 1
    assert min(images.read(tmp_path / "out" / "augmentation.png").shape[:2]) > 500


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        (Painter(held_out=0), "held out nobody"),
        (type("Other", (Painter,), {"labels": LabelSpace("emotion", ("neutral", "sad"))})(), "expressions are"),
        (type("Units", (Painter,), {"labels": LabelSpace("au", ("AU1",))})(), "action units"),
    ],
)
def test_refuses_models_it_cannot_use(augmentation, faces_manifest, sampler, message):
    with pytest.raises(UserError, match=message):
        augmentation.study(sampler, str(faces_manifest.parent), 1, [0], 1)


def test_errors_are_one_line(augmentation, tmp_path, capsys):
    flags = [f"--checkpoint={tmp_path}", f"--output={tmp_path}"]
    assert augmentation.main(flags) == 2 and augmentation.main([*flags, "--few=0"]) == 2
    assert [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()] == ["augmentation"] * 2
