"""An export's folder appears whole or not at all, and nobody's files are in danger."""

import pytest

from cdaae_jax import UserError
from cdaae_jax.exporting import output_folder


def make(output, text="new", overwrite=False):
    with output_folder.writing(output, overwrite) as folder:
        assert not list(folder.iterdir()) and folder != output
        (folder / "meta.json").write_text(text)


def tree(folder):
    return {path.relative_to(folder): path.is_file() and path.read_text() for path in folder.rglob("*")}


def test_a_new_folder_its_parents_and_an_empty_one(tmp_path):
    make(tmp_path / "a" / "b")
    (tmp_path / "empty").mkdir()
    make(tmp_path / "empty")
    assert (tmp_path / "a" / "b" / "meta.json").read_text() == (tmp_path / "empty" / "meta.json").read_text() == "new"
    assert len(tree(tmp_path)) == 5
    assert (tmp_path / "a" / "b").stat().st_mode == (tmp_path / "a").stat().st_mode


def test_an_earlier_export_is_replaced_only_on_request(tmp_path):
    make(tmp_path / "export", "old")
    (tmp_path / "export" / "change.onnx").write_text("old")
    before = tree(tmp_path)
    with pytest.raises(UserError, match="holds an earlier export; add --overwrite"):
        make(tmp_path / "export")
    assert tree(tmp_path) == before
    make(tmp_path / "export", overwrite=True)
    assert [path.name for path in (tmp_path / "export").iterdir()] == ["meta.json"] and len(tree(tmp_path)) == 2


@pytest.mark.parametrize("names", [["diary.txt"], ["meta.json", "diary.txt"], ["README.md"]])
def test_foreign_folders_are_never_replaced(tmp_path, names):
    (tmp_path / "mine").mkdir()
    for name in names:
        (tmp_path / "mine" / name).write_text("mine")
    before = tree(tmp_path)
    with pytest.raises(UserError, match=rf"files that are not from cdaae-export \({names[-1]}\); name a new folder"):
        make(tmp_path / "mine", overwrite=True)
    assert tree(tmp_path) == before


def test_a_failure_and_a_file_in_the_way_leave_everything_as_it_was(tmp_path):
    make(tmp_path / "export", "old")
    (tmp_path / "file").write_text("mine")
    before = tree(tmp_path)
    with pytest.raises(UserError, match="is a file; name a new folder"):
        make(tmp_path / "file", overwrite=True)
    with pytest.raises(UserError, match="cannot write .*file/new: "):
        make(tmp_path / "file" / "new")
    for error in (KeyboardInterrupt, ZeroDivisionError):
        with pytest.raises(error), output_folder.writing(tmp_path / "export", True) as folder:
            (folder / "meta.json").write_text("half")
            raise error
    assert tree(tmp_path) == before


def test_of_two_at_once_the_second_is_refused(tmp_path):
    with (
        pytest.raises(UserError, match="holds an earlier export"),
        output_folder.writing(tmp_path / "a", False) as folder,
    ):
        (folder / "meta.json").write_text("slow")
        make(tmp_path / "a", "fast")
    assert (tmp_path / "a" / "meta.json").read_text() == "fast" and len(tree(tmp_path)) == 2
