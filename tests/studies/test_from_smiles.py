"""Smiles made to show other expressions: whose are taken, what is read of them, and what is said if there are none."""

import pytest
from PIL import Image

from cdaae_jax.errors import UserError
from studies import from_smiles
from tests.studies.test_pretrained import data_dir, flags, judged, sampler  # noqa: F401


def run(folder, output, **more):
    given = flags(folder, output, **({"models": "emotion", "split": "test", "manifests": "faces.csv"} | more))
    from_smiles.main([flag for flag in given if not flag.startswith(("--people=", "--model="))])


def test_the_smiles_of_people_kept_out_are_read_in_every_expression(judged, data_dir, tmp_path):  # noqa: F811
    run(data_dir, tmp_path / "report")
    heading, _, row = (tmp_path / "report" / "table.md").read_text().splitlines()
    assert row.startswith("| faces.csv, 2 people: emotion |")  # p3 and p4
    assert heading.rstrip(" |").endswith("read as requested | happy")  # all that this model knows but neutral
    with Image.open(tmp_path / "report" / "emotion_0.png") as sheet:
        assert sheet.height > 2 * 192


def test_smiles_that_are_not_there_are_missed(judged, data_dir, tmp_path):  # noqa: F811
    lines = [line for line in (data_dir / "faces.csv").read_text().splitlines() if "happy" not in line]
    (data_dir / "sad.csv").write_text("\n".join(lines))
    with pytest.raises(UserError, match=r"sad\.csv has no smile of the people to judge"):
        run(data_dir, tmp_path / "report", manifests="sad.csv")
    assert not (tmp_path / "report").exists()
