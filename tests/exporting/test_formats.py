"""Exports of a tiny model: weights with their card, StableHLO, ONNX; each does what the sampler does."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from support import make_sampler

from cdaae_jax import Sampler
from cdaae_jax.exporting import model, onnx_file, program_folder, programs, stablehlo, trial
from cdaae_jax.models import change


@pytest.fixture(
    scope="module",
    params=[
        {"shift_detail": 2, "moving_shift": True},
        {
            "atlas": 4,
            "atlas_detail": 2,
            "atlas_carried": True,
            "atlas_still": True,
            "atlas_slit": True,
            "atlas_parted": True,
        },
    ],
    ids=["moving", "atlas"],
)
def sampler(request):
    return make_sampler(**request.param)


@pytest.fixture(scope="module")
def photos():
    return trial.faces(None, 32)[:2]


def test_weights_are_halved_where_nobody_sees_it(sampler, photos, tmp_path):
    said = model.write(tmp_path, sampler, model.Provenance("tiny", "cc-by-4.0", "By somebody."), photos)
    assert "of float16; edits of 2 photos with 2 labels each are at most" in said
    opened = Sampler.from_checkpoint(tmp_path)
    assert trial.grey_levels_apart(opened.edit(photos, "happy"), sampler.edit(photos, "happy")) <= 1
    assert {leaf.dtype for leaf in jax.tree.leaves(opened.params)} == {np.dtype(np.float32)}
    assert opened.labels == sampler.labels and opened.meta["people"] == sampler.meta["people"]
    assert not {"structure", "crc32"} & opened.meta.keys()


def test_weights_stay_whole_where_half_precision_shows(sampler, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(model, "_LARGEST_DIFFERENCE", -1)
    assert "of float32" in model.write(tmp_path, sampler, model.Provenance("tiny"), photos)
    np.testing.assert_array_equal(
        Sampler.from_checkpoint(tmp_path).edit(photos, "happy"), sampler.edit(photos, "happy")
    )


def test_the_card_says_what_meta_says(sampler, photos, tmp_path):
    about = model.Provenance("tiny", "cc-by-4.0", "Photos by somebody.", "| a | table |")
    model.write(tmp_path, sampler, about, photos)
    card = (tmp_path / "README.md").read_text()
    head, body = card.removeprefix("---\n").split("\n---\n", 1)
    assert "license: cc-by-4.0\n" in head and "library_name: cdaae_jax" in head
    for text in ("2 people; 0 others", "Photos by somebody.", "| a | table |", "`faces.csv`", "neutral, happy", "0.2"):
        assert text in body
    assert json.loads((tmp_path / "meta.json").read_text())["weights"]["sha256"] in body
    assert "$" not in card and "pupils" not in card
    aligned = {"left_eye_x": 0.3, "right_eye_x": 0.7, "eyes_y": 0.4}
    model.write(tmp_path, dataclasses.replace(sampler, meta=sampler.meta | {"alignment": aligned}), about, photos)
    assert "pupils at x 0.3 and 0.7, y 0.4 of the square" in (tmp_path / "README.md").read_text()
    assert Sampler.from_checkpoint(tmp_path).meta["alignment"] == aligned


def test_an_export_that_is_exported_again_keeps_its_licence(sampler, photos, tmp_path):
    first, again = tmp_path / "first", tmp_path / "again"
    for folder in (first, again):
        folder.mkdir()
    model.write(first, sampler, model.Provenance("tiny", "cc-by-4.0", "Photos by somebody."), photos)
    model.write(again, Sampler.from_checkpoint(first), model.Provenance("again"), photos)
    ours, theirs = (json.loads((folder / "meta.json").read_text()) for folder in (again, first))
    assert ours.pop("name") == "again" and theirs.pop("name") == "tiny"
    for meta in (ours, theirs):
        meta["weights"].pop("grey_levels_from_float32")
    assert ours == theirs  # the check sum too: halving twice is halving once


def check_programs(folder, sampler, photos, kind, run):
    """Runs what was written on another number of photos than it was compared on, and with amounts."""
    said = program_folder.write(folder, sampler, model.Provenance("tiny"), photos, kind)
    assert "on 2 photos with 2 labels each" in said and "edits at 48 px at most" in said
    meta = json.loads((folder / "meta.json").read_text())
    card = (folder / "README.md").read_text()
    assert meta["kind"] == kind and sorted(meta["files"]) == [f"apply_48.{kind}", f"change.{kind}"]
    assert "[n, 32, 32, 3]" in card and "[n, 48, 48, 3]" in card and f"change.{kind}" in card
    random = np.random.default_rng(0)
    photo = random.uniform(-1, 1, (3, 32, 32, 3)).astype(np.float32)
    large = random.uniform(-1, 1, (3, 48, 48, 3)).astype(np.float32)
    label = random.uniform(0, 1, (3, 2)).astype(np.float32)
    fields = run(folder / f"change.{kind}", photo, label)
    names = list(meta["files"][f"change.{kind}"]["outputs"])
    assert names == ["flow", "shift", "mask", "paint"]
    expected = sampler.generator.apply({"params": sampler.params}, photo, label).change
    for name, values in zip(names, fields, strict=True):
        np.testing.assert_allclose(values, getattr(expected, name), atol=1e-4)
    (changed,) = run(folder / f"apply_48.{kind}", large, *fields, np.float32([0, 0.5, 1]))
    np.testing.assert_array_equal(changed[0], large[0])
    np.testing.assert_allclose(changed, change.apply(expected, large, jnp.float32([0, 0.5, 1]), sharp=True), atol=1e-3)


def test_stablehlo(sampler, tmp_path):
    def run(file, *arrays):
        return jax.jit(jax.export.deserialize(bytearray(file.read_bytes())).call)(*arrays)

    check_programs(tmp_path, sampler, trial.faces(None, 48)[:2], "stablehlo", run)
    exported = jax.export.deserialize(bytearray((tmp_path / "change.stablehlo").read_bytes()))
    assert exported.platforms == stablehlo.PLATFORMS


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the converter's own
def test_onnx(sampler, tmp_path):
    pytest.importorskip("jax2onnx", reason="needs the extra onnx, and jax2onnx")
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra onnx")
    photos = trial.faces(None, 48)[:2]
    sampler.edit(photos, "happy")  # what was traced before must not keep the export from its native operations

    def run(file, *arrays):
        session = onnxruntime.InferenceSession(file)
        return session.run(None, dict(zip([i.name for i in session.get_inputs()], arrays, strict=True)))

    check_programs(tmp_path, sampler, photos, "onnx", run)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "README.md",
        "apply_48.onnx",
        "change.onnx",
        "meta.json",
    ]

    import onnx

    file = tmp_path / "change.onnx"
    arrays = [np.ones((1, *shape), np.float32) for shape in programs.of_sampler(sampler, 48)[0].inputs.values()]
    expected, nodes = run(file, *arrays), len(onnx.load(file).graph.node)
    onnx_file.optimise(file)
    assert len(onnx.load(file).graph.node) < nodes
    for made, values in zip(run(file, *arrays), expected, strict=True):
        np.testing.assert_allclose(made, values, atol=1e-5)


def test_programs_that_differ_are_found_out(sampler, photos):
    make, apply = (jax.jit(program.function) for program in programs.of_sampler(sampler, 32))
    programs.compare(sampler, make, apply, photos)
    with pytest.raises(programs.Unlike, match="grey levels"):
        programs.compare(sampler, make, lambda photo, *rest: (photo,), photos)
    with pytest.raises(programs.Unlike, match="changes are at most 2"):
        programs.compare(sampler, lambda *arrays: [2 + field for field in make(*arrays)], apply, photos)


def test_a_model_without_a_flow_exports_what_it_has():
    make, apply = programs.of_sampler(make_sampler(heads=("shift",)), 64)
    assert list(make.outputs) == ["shift"] and list(apply.inputs) == ["photo", "shift", "amount"]
