"""Tables: only what was measured, values with their intervals."""

from cdaae_jax.evaluation.report import report, table
from cdaae_jax.evaluation.scores import Figure


def test_the_table_shows_only_what_was_measured():
    nan, inf = float("nan"), float("inf")
    scores = {
        "ours": {"l1": Figure(0.01234, 0.01, 0.0149), "psnr": Figure(inf, nan, nan)},
        "copy": {"l1": Figure(0.5, nan, nan), "psnr": Figure(20.04, 18.6, 21.4)},
    }
    assert table(scores).splitlines() == [
        "| | L1 | PSNR, dB |",
        "| --- | ---: | ---: |",
        "| ours | 0.0123 [0.010, 0.015] | - |",
        "| copy | 0.5000 | 20.0 [19, 21] |",
    ]
    assert table({"ours": {}}) == ""


def test_expressions_and_confusion_have_tables_of_their_own():
    share = Figure(0.5, 0.251, 0.749)
    scores = {"ours": {"l1": Figure(0.1, 0.1, 0.1), "read_as_requested": share, "read_as_happy": share}}
    text = report(scores, {"ours": {"happy": {"neutral": 3, "happy": 4}}})
    assert "| ours | 0.1000 [0.100, 0.100] | 50% [25, 75] |" in text
    assert "| | happy |\n| --- | ---: |\n| ours | 50% [25, 75] |" in text
    assert "| | neutral | happy |\n| --- | ---: | ---: |\n| happy | 3 | 4 |" in text
    assert "1000 repeats, seed 0" in text
