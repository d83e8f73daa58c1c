"""KDEF and ManyFaces, drawn, with their real names and with wrong ones."""

import shutil

import pytest

from cdaae_jax.data.kdef.kdef_dataset_builder import Kdef, KdefConfig
from cdaae_jax.data.manyfaces.manyfaces_dataset_builder import Manyfaces, ManyfacesConfig
from cdaae_jax.errors import UserError

from .records import examples, left_out, report


def test_kdef(build, drawn, tmp_path):
    folder = drawn("kdef")
    built = build(Kdef, folder, KdefConfig(size=32))
    found = examples(built)
    assert len(found) == 28 and report(built)["not_asked_for"] == {"cameras=frontal": 28} and not left_out(built)
    one = found["bm35afs"]
    assert (one["subject"], one["expression"], one["camera"], one["gender"]) == (
        b"kdef-M35",
        b"fearful",
        b"frontal",
        b"male",
    )
    both = examples(build(Kdef, folder, KdefConfig(size=32, cameras="half")))
    assert len(both) == 56 and both["af01suhl"]["camera"] == b"half left"


def test_kdef_lists_what_is_missing_or_foreign(build, drawn):
    folder = drawn("kdef")
    names = folder / "KDEF" / "AF01"
    (names / "AF01ANS.JPG").rename(names / "af01ANS.jpeg")  # spelled otherwise: no fault
    (names / "AF01HAS.JPG").rename(names / "AF36HAS.JPG")
    (names / "AF01SAS.JPG").rename(names / "AF01V.JPG")  # a name that the published set really holds
    out = left_out(build(Kdef, folder, KdefConfig(size=32)))
    assert out["KDEF/AF01/AF36HAS.JPG"] == "the set has nobody of this number"
    assert out["KDEF/AF01/AF01V.JPG"].startswith("not named like")
    assert out["AF01HAS"] == out["AF01SAS"] == "missing" and len(out) == 4


def test_manyfaces(build, drawn):
    folder = drawn("manyfaces")
    shutil.copy(folder / "MF0004_0001_std_ang_0.jpg", folder / "MF0004_0001_std_ang_0.tem")
    built = build(Manyfaces, folder, ManyfacesConfig(size=32))
    found = examples(built)
    assert len(found) == 32 and report(built)["not_asked_for"] == {"cameras=frontal": 2}
    one = found["mf0004_0002_unstd_nat_0"]
    assert (one["subject"], one["expression"]) == (b"manyfaces-0004_0002", b"natural")
    assert list(left_out(built)) == ["MF0004_0001_std_ang_0.tem"]
    some = examples(build(Manyfaces, folder, ManyfacesConfig(size=32, appearance="std", cameras="all")))
    assert len(some) == 18 and some["mf0004_0001_std_neu_90"]["camera"] == b"90"


@pytest.mark.parametrize(("builder", "config"), [(Kdef, KdefConfig), (Manyfaces, ManyfacesConfig)])
def test_other_sets_are_refused(build, drawn, builder, config):
    with pytest.raises(UserError, match=f"does not hold {builder.name}"):
        build(builder, drawn("rafd"), config(size=32))
