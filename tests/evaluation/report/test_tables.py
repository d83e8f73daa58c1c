"""Tables: only what was measured, values with their intervals."""

from cdaae_jax.evaluation.measures.scores import Score
from cdaae_jax.evaluation.report.tables import PICTURE, report, table

WHOM = "Judged on nobody."


def test_the_table_shows_only_what_was_measured():
    nan, inf = float("nan"), float("inf")
    scores = {
        "ours": {"l1": Score(0.01234, 0.01, 0.0149), "psnr": Score(inf, nan, nan)},
        "copy": {"l1": Score(0.5, nan, nan), "psnr": Score(20.04, 18.6, 21.4)},
    }
    assert table(scores, PICTURE).splitlines() == [
        "| | L1 | PSNR, dB |",
        "| --- | ---: | ---: |",
        "| ours | 0.0123 [0.010, 0.015] | - |",
        "| copy | 0.5000 | 20.0 [18.6, 21.4] |",
    ]
    assert table({"ours": {}}, PICTURE) == ""


def test_expressions_and_confusion_have_tables_of_their_own():
    share = Score(0.5, 0.251, 0.749)
    scores = {"ours": {"l1": Score(0.1, 0.1, 0.1), "read_as_requested": share, "read_as_happy": share}}
    text = report(scores, {"ours": {"happy": {"neutral": 3, "happy": 4}}}, WHOM)
    assert "| ours | 0.1000 [0.100, 0.100] | 50% [25, 75] |" in text
    assert "| | read as requested | happy |\n| --- | ---: | ---: |\n| ours | 50% [25, 75] | 50% [25, 75] |" in text
    assert "| | neutral | happy |\n| --- | ---: | ---: |\n| happy | 3 | 4 |" in text
    assert text.startswith("Judged on nobody. [low, high]: ") and "1000 repeats, seed 0" in text


def test_action_units_have_a_line_each_and_models_a_column():
    scores = {
        "ours": {"icc_AU1": Score(0.5, 0.4, 0.6), "icc_AU12": Score(0.9, 0.8, 1.0), "au_icc": Score(0.7, 0.6, 0.8)},
        "theirs": {"icc_AU1": Score(0.1, 0.0, 0.2)},
    }
    text = report(scores, {}, WHOM)
    assert "### Action units: ICC(3,1)\n\n| | ours | theirs |\n| --- | ---: | ---: |\n" in text
    assert "| AU1 | 0.50 [0.40, 0.60] | 0.10 [0.00, 0.20] |\n| AU12 | 0.90 [0.80, 1.00] | - |\n" in text
    assert "Pearson" not in text and "Interpolation" not in text and "unseen" not in text


def test_paths_and_unseen_mixtures_say_what_they_are():
    score = Score(0.5, 0.4, 0.6)
    text = report({"ours": {"path_spearman": score, "unseen_lpips": score}}, {}, WHOM, path_unit="probability")
    assert "## Interpolation: probability\n\n| | Spearman |\n" in text
    assert "## Mixtures never seen in training\n\n| | LPIPS |\n" in text


def test_every_identity_network_has_a_table():
    near, far = Score(0.25, 0.2, 0.3), Score(0.5, 0.4, 0.6)
    scores = {"ours": {"identity_distance": near, "other_identity_distance": far, "rank_one": Score(1, 1, 1)}}
    text = report(scores, {}, WHOM, [("one, verified under 0.6", ""), ("other", "other_")])
    assert "## Identity: one, verified under 0.6\n\n| | identity distance | rank 1 |\n" in text
    assert "| ours | 0.250 [0.20, 0.30] | 100% [100, 100] |" in text
    assert "## Identity: other\n\n| | identity distance |\n| --- | ---: |\n| ours | 0.500 [0.40, 0.60] |\n" in text
