"""A few cases of each family of hostile input; `python tests/hostile/run.py` runs many."""

import pytest
from hostile import families, run

SLOW_CASES = 3  # of checkpoints, a third of a second each


@pytest.mark.parametrize("family", families.FAMILIES, ids=lambda one: one.__name__)
def test_hostile_input_is_taken_or_refused_and_nothing_else(family, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cases = SLOW_CASES if family is families.Checkpoints else 40
    ends, findings = run.try_out(family(), range(1_000_000, 1_000_000 + cases))
    assert not findings
    assert sum(ends.values()) == cases


def test_a_traceback_a_hang_and_a_file_elsewhere_are_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "SECONDS", 1)

    class Bad:
        def prepare(self, place):
            self.place = place

        def attempt(self, r):
            kind = r.choice("abc")
            if kind == "a":
                raise KeyError("a")
            if kind == "b":
                (self.place.parent / "escaped").touch()
            while kind == "c":
                pass

    _, findings = run.try_out(Bad(), range(8))
    said = " ".join(findings)
    assert "KeyError in test_hostile.py" in said and "TooLong in test_hostile.py" in said and "escaped" in said
