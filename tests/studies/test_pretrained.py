"""The page of a model: every part of it, with judges that see brightness only."""

import dataclasses
import json
import types

import numpy as np
import pytest
from PIL import Image
from support import make_sampler

from cdaae_jax import Sampler, UserError
from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.evaluation.judges.landmarks import Landmarker
from cdaae_jax.evaluation.judges.panel import Identity, Panel
from cdaae_jax.evaluation.measures import scores
from cdaae_jax.faces.networks import PUPILS
from cdaae_jax.labels import LabelSpace
from studies import card_measures, pretrained
from studies.card_measures import Asked


class Landmarks:
    """Sees a face in pictures that are not black, its pupils at a quarter and three quarters of the width."""

    def find(self, pictures):
        points = np.zeros((1, 478, 2), np.float32)
        points[0, list(PUPILS)] = [(pictures.shape[2] * share, pictures.shape[1] * 0.4) for share in (0.75, 0.25)]
        return types.SimpleNamespace(found=[pictures.any()], points=points)


def brightness(pictures):
    return pictures.mean(axis=(1, 2)) / 255


def expressions(pictures):
    happy = brightness(pictures).mean(axis=1)
    return np.stack([1 - happy, happy, *[0 * happy] * 5], axis=-1)


@pytest.fixture
def data_dir(faces_copy):
    """The faces, which are people of the London set as well."""
    (faces_copy / "frl_london").mkdir()
    rows = [f"../faces/{who}/{what}/photo.png,{who},{what}" for who in ("p1", "p3") for what in ("neutral", "happy")]
    (faces_copy / "frl_london" / "metadata.csv").write_text("\n".join(["file,subject,expression", *rows]))
    people = ["p1,female,white", "p2,male,black", "p3,female,white", "p4,male,black"]
    (faces_copy / "people.csv").write_text("\n".join(["subject,gender,ethnicity", *people]))
    portraits = faces_copy / "portraits"
    portraits.mkdir()
    for name, colour in (("lit", "tan"), ("none", "black")):
        Image.new("RGB", (90, 90), colour).save(portraits / f"{name}.png")
    return faces_copy


@pytest.fixture
def sampler(data_dir):
    """A model that knows neutral and happy, and was not trained on p3 and p4."""
    model = make_sampler()
    data = Data(manifests=("faces.csv",), label_names=("neutral", "happy"))
    config = model.meta["config"] | {"data": dataclasses.asdict(data)}
    meta = {
        "config": config,
        "people": {"train": ["p1", "p2"], "validation": [], "test": ["p3", "p4"]},
        "fingerprint": datasets.load(data, data_dir, 32).fingerprint,
    }
    return dataclasses.replace(model, meta=model.meta | meta)


@pytest.fixture
def judged(sampler, monkeypatch):
    panel = Panel(
        identities=(Identity("test", "brightness", brightness, {"verified": 0.6, "verified_strict": 0.48}),),
        expressions=expressions,
        facts={"test": {}},
    )
    monkeypatch.setattr(Panel, "load", lambda *_: panel)
    monkeypatch.setattr(Landmarker, "load", lambda _: Landmarks())
    monkeypatch.setattr(Sampler, "from_pretrained", lambda _: sampler)
    monkeypatch.setattr(pretrained, "SIZE", 32)
    monkeypatch.setattr(scores, "REPEATS", 20)  # a thousand would take most of the test's time
    return panel


def flags(data_dir, output, **more):
    named = {"model": "emotion", "data_dir": data_dir, "judges": data_dir, "output": output}
    named |= {"people": data_dir / "people.csv", "recipes": data_dir / "faces.csv"}
    return [f"--{name}={value}" for name, value in (named | more).items()]


def test_a_page_has_every_part(judged, data_dir, tmp_path):
    pretrained.main(flags(data_dir, tmp_path / "card", portraits=data_dir / "portraits"))
    names = {path.name for path in (tmp_path / "card").iterdir()}
    assert names >= {
        "card.md",
        "results.md",
        "card.json",
        "table.md",
        "scores.json",
        "smiles.jpg",
        "portraits.jpg",
        "people.jpg",
    }
    assert "people.png" not in names  # too large to be kept
    facts = json.loads((tmp_path / "card" / "card.json").read_text())
    assert list(facts["amounts"]) == ["x 0.8", "x 1", "x 1.15", "x 1.3"]
    # The full amount is what the harness judges, and the groups are parts of it.
    ours = facts["held_out"]["emotion"]
    for name in ("identity_distance", "read_as_requested", "expression_gain", "outside_face"):
        assert facts["amounts"]["x 1"][name]["value"] == pytest.approx(ours[name]["value"])
    assert (
        facts["groups"]["female, 1 person"]["identity_distance"]
        == facts["groups"]["white, 1 person"]["identity_distance"]
    )
    assert facts["smiles"]["true smiles"]["l1"]["value"] == 0 < facts["smiles"]["edits"]["l1"]["value"]
    text = (tmp_path / "card" / "card.md").read_text()
    assert "2 people kept out of training (split test), 2 edits" in text
    assert "verified at 0.48" in text and "outside the face, grey levels" in text
    assert facts["portraits"]["edits"].keys() >= {"verified", "read_as_happy", "outside_face"}
    assert not facts["portraits"]["edits"].keys() & {"l1", "expression_gain"}  # there are no true pictures
    assert "No face was found in none.png." in text
    assert "largest gap" not in text  # groups of one person are not compared


def test_what_is_missing_is_said_before_anything_is_measured(judged, data_dir, tmp_path, monkeypatch):
    monkeypatch.setattr(pretrained, "evaluate", lambda *_: pytest.fail("measured already"))
    for name in ("people", "recipes", "portraits"):
        with pytest.raises(UserError, match="nothing"):
            pretrained.main(flags(data_dir, tmp_path / "card", **{name: tmp_path / "nothing"}))
    assert not (tmp_path / "card").exists()


def test_gaps_name_the_groups_and_show_the_true_pictures(judged):
    person = ("a", "b", "c", "d")
    groups = [
        pretrained.card_groups.Group("gender", name, 2, np.array(rows))
        for name, rows in (("female", [0, 1]), ("male", [2, 3]))
    ]

    def statistics(values):
        return {"verified": lambda rows: float(np.array(values)[rows].mean())}

    text = pretrained._gaps(statistics([1, 1, 0.5, 0.5]), statistics([1, 1, 0.9, 0.9]), person, groups, judged)
    assert "| verified at 0.6 | gender: male, 2 people to female, 2 people | 50% [50, 50] | 10% [10, 10] |" in text


def test_action_units_smile_by_the_recipe(sampler, data_dir, monkeypatch):
    """A model of action units is asked for the units of happy, and its smile is read as an emotion."""
    asked = []

    def edits(model, source, labels):
        asked.append(labels)
        return [source]

    monkeypatch.setattr(card_measures, "edits", edits)
    units = dataclasses.replace(sampler, labels=LabelSpace("au", ("AU1", "AU6", "AU12")))
    known = card_measures.recipes(data_dir / "faces.csv")
    assert known == {"happy": {"AU6": 3, "AU12": 4.5}, "surprised": {"AU1": 5}}
    smiles = card_measures.smiles(units, data_dir, "test", known)
    assert smiles.task.person == ("p3",) and smiles.task.names == ["happy=1"]
    np.testing.assert_allclose(asked[0], [[0, 0.6, 0.9]])
    assert card_measures.smiles(units, data_dir, "validation", known) is None
    panel = Panel(expressions=expressions, meter=object())  # the meter must not be asked: emotions have no true units
    assert "read_as_happy" in card_measures.statistics_of(Asked(smiles.task, smiles.edited), panel)
    assert card_measures.emotions_of(units.labels, known) == ("happy", "surprised")


def test_amount_nothing_is_the_photo(sampler):
    photos = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    labels = np.tile(sampler.labels.parse("happy"), (3, 1))
    nothing, full = card_measures.edits(sampler, photos, labels, (0.0, 1.0))
    np.testing.assert_array_equal(nothing, photos)
    np.testing.assert_array_equal(full, sampler.edit(photos, "happy"))


def test_what_goes_into_a_model_card_has_no_pictures_and_lower_headings():
    beside = "Everything that was measured: [x](x).\n\n![p](p.jpg)\n\n"
    card = f"# m\n\n16 people.\n\n## Amounts\n\n| a |\n\n{beside}## Groups\n"
    assert pretrained.for_model_card(card) == "16 people.\n\n### Amounts\n\n| a |\n\n### Groups\n"
