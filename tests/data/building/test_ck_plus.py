"""CK+, drawn: emotions and action units of the peaks, neutral first pictures."""

import shutil

import pytest

from cdaae_jax.data.building.found import Scan
from cdaae_jax.data.ck_plus import codes
from cdaae_jax.data.ck_plus.ck_plus_dataset_builder import CkPlus, CkPlusConfig

from .records import examples, left_out, report

SMALL = CkPlusConfig(size=32)


def test_first_and_last_pictures_with_their_labels(build, drawn):
    built = build(CkPlus, drawn("ck_plus"), SMALL)
    found = examples(built)
    assert sorted(found) == [f"{p}_{s}_{n:08d}" for p in ("S005", "S130") for s in ("001", "002") for n in (1, 5)]
    assert report(built)["not_asked_for"] == {"peak=1": 12} and not left_out(built)
    calm, peak, unnamed = (found[name] for name in ("S005_001_00000001", "S005_001_00000005", "S005_002_00000005"))
    assert (calm["expression"], peak["expression"], unnamed["expression"]) == (b"neutral", b"happy", b"")
    assert not any(calm["aus"].values()) and all(calm["aus_coded"].values())
    # AU6 is C; AU12 is there without an intensity, and AU14 on one side: not known.
    assert peak["aus"]["AU6"] == 3 and peak["aus"]["AU12"] == 0
    assert [name for name, coded in peak["aus_coded"].items() if not coded] == ["AU12", "AU14"]


def test_more_pictures_of_the_peak(build, drawn):
    found = examples(build(CkPlus, drawn("ck_plus"), CkPlusConfig(size=32, peak=3)))
    assert sorted(int(name[-8:]) for name in found if name.startswith("S005_001")) == [1, 3, 4, 5]
    assert found["S005_001_00000003"]["expression"] == b"happy"


def test_what_is_missing_or_broken_is_listed(build, drawn):
    folder = drawn("ck_plus")
    (folder / "Emotion" / "S005" / "001" / "S005_001_00000005_emotion.txt").write_text("8")
    (folder / "FACS" / "S130" / "001" / "S130_001_00000005_facs.txt").write_text("6 9")
    shutil.rmtree(folder / "cohn-kanade-images" / "S130" / "002")
    for frame in range(2, 6):
        (folder / "cohn-kanade-images" / "S005" / "002" / f"S005_002_{frame:08d}.png").unlink()
    (folder / "Consent.pdf").write_text("")
    built = build(CkPlus, folder, SMALL)
    out, found = left_out(built), examples(built)
    assert "no emotion from 0 to 7" in out["S005_001_00000005_emotion.txt"]
    assert "cannot be read as lines" in out["S130_001_00000005_facs.txt"]
    assert out["S130_002 (pictures)"].startswith("missing")
    assert "the only picture" in out["cohn-kanade-images/S005/002/S005_002_00000001.png"]
    assert "not named like" in out["Consent.pdf"]
    assert len(found) == 4 and not any(found["S130_001_00000005"]["aus_coded"].values())


@pytest.mark.parametrize(("text", "unit", "value"), [("45 2", "AU43", 2), ("43 1", "AU43", 1), ("\n11 3\n", "AU12", 0)])
def test_units(text, unit, value, tmp_path):
    (tmp_path / "facs.txt").write_text(text)
    assert codes.units(tmp_path / "facs.txt", Scan())[unit] == value
