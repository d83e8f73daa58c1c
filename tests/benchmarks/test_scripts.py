"""Every benchmark runs at a tiny size and writes what it promises; nothing is said about times."""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import pytest
from support import make_tiny_config

import cdaae_jax

ROOT = pathlib.Path(__file__).resolve().parents[2]
TINY = ("--image_size=32", "--picture_size=64", "--width=4", "--max_width=8")
ONCE = ("--rounds=1", "--warmup=1", "--patience=0", "--turn_seconds=0")
TINY_BATCH = (*TINY, "--batch_size=2")
needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs PyTorch, the extra `bench`")


def run(program: str, output: pathlib.Path, *arguments: str) -> dict:
    file = output / "result.json"
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{program}", f"--output={file}", *arguments],
        env={**os.environ, "JAX_PLATFORMS": "cpu", "JAX_COMPILATION_CACHE_DIR": str(ROOT / ".cache" / "jax")},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    content = json.loads(file.read_text())
    assert content["machine"]["processors"] >= 1
    return content


@needs_torch
def test_train_step_gives_the_ratio_to_pytorch(tmp_path):
    content = run(
        "train_step", tmp_path, *TINY_BATCH, *ONCE, "--peers=ours,torch_eager",
    )  # fmt: skip
    assert set(content["ratio_to_torch_eager"]) == {"k4"} and content["ratio_to_torch_eager"]["k4"] > 0
    assert content["cases"]["k4"]["best_torch"] == "torch_eager"
    assert content["ratio_to_best_torch"]["k4"]["median"] == content["ratio_to_torch_eager"]["k4"]
    case = content["cases"]["k4"]
    assert case["first_results_differ_by"] < 1e-4
    for peer in ("ours", "torch_eager"):
        assert len(case["peers"][peer]["seconds_by_round"]) == 1
        assert set(case["peers"][peer]["milliseconds"]) == {"median", "lower_quartile", "upper_quartile"}


@pytest.mark.slow  # starts several processes, each of which compiles
@needs_torch
def test_sampling_gives_the_ratio_to_pytorch(tmp_path):
    content = run(
        "sampling", tmp_path, *TINY, *ONCE, "--batch_sizes=1", "--peers=ours,torch_eager,torch_contiguous",
    )  # fmt: skip
    assert set(content["ratio_to_torch_eager"]) == {"batch1"}
    assert set(content["ratios_to_torch_eager"]["batch1"]) == {"ours", "torch_contiguous"}


@pytest.mark.slow  # starts several processes, each of which compiles
@needs_torch
def test_memory_gives_the_ratio_to_pytorch(tmp_path):
    content = run("memory", tmp_path, *TINY_BATCH, "--kernel_sizes=4", "--steps=1", "--peers=ours,torch_eager")
    assert set(content["ratio_to_torch_eager"]) == set(content["ratio_to_torch_eager_above_import"]) == {"k4"}
    for own in content["cases"]["k4"]["peers"].values():
        assert own["peak_mib"] >= own["first_step_mib"] >= own["import_mib"] > 0


@pytest.mark.slow  # compiles in processes of its own
def test_input_pipeline_says_how_long_the_step_waits(tmp_path):
    content = run("input_pipeline", tmp_path, *TINY_BATCH, "--people=2", "--photo_size=64", "--rounds=1", "--steps=2")
    assert set(content["pipelines"]) == {"in memory", "in memory, augmented", "decoded each time"}
    for own in content["pipelines"].values():
        assert own["batches_per_second"] > 0 and 0 <= own["waiting_share"] < 1


@pytest.mark.slow  # starts several processes, each of which compiles
def test_cold_start_says_where_the_seconds_go(tmp_path):
    content = run("cold_start", tmp_path, *TINY, "--rounds=1", "--caches=empty")
    own = content["empty_cache"]
    assert own["wall_seconds"]["median"] > 0
    assert {"imports", "checkpoint", "compile or load", "run", "write"} <= set(own["stages_seconds"])
    assert all(seconds >= 0 for seconds in own["stages_seconds"].values())


@pytest.mark.slow  # starts several processes, each of which compiles
def test_scaling_gives_the_overhead_of_more_devices(tmp_path):
    content = run(
        "scaling", tmp_path, *TINY_BATCH, *ONCE, "--devices=1,2",
    )  # fmt: skip
    assert set(content["devices"]) == {"1", "2"} and set(content["overhead"]) == {"2"}


@pytest.mark.slow  # trains a tiny model first
def test_video_says_how_many_frames_it_makes_in_a_second(
    tmp_path, faces_manifest, london_data, face_model, monkeypatch
):
    pytest.importorskip("av", reason="needs PyAV, the extra `video`")
    cdaae_jax.train(make_tiny_config(), tmp_path / "run", faces_manifest.parent)
    portrait = london_data / "frl_london" / "raw_sample" / "001_neutral.jpg"
    monkeypatch.setenv("CDAAE_FACE_MODEL", str(face_model))
    content = run(
        "video", tmp_path, f"--checkpoint={tmp_path / 'run'}", f"--portrait={portrait}", "--frames=4", "--height=240"
    )
    assert content["frames_per_second"] > 0
    assert min(content["milliseconds_a_frame"].values()) > 0


@pytest.mark.slow  # starts four processes, each of which compiles
def test_calls_takes_the_same_steps_in_all_ways(tmp_path):
    content = run("calls", tmp_path, "--cases=small", *ONCE)["small"]
    assert len(content["milliseconds_per_step"]) == 4 and len(content["ratio_to_one_step_from_the_host"]) == 3


@pytest.mark.slow  # compiles in a process of its own
def test_gpu_runs_anywhere_at_a_tiny_size(tmp_path):
    content = run("gpu", tmp_path, "--smoke", "--dtypes=bfloat16")
    case = content["cases"]["64px bfloat16"]
    assert case["pairs_per_second"] > 0 and case["flops_per_step"] > 1e6
    assert (
        0
        < case["share_of_bfloat16_matrix_rate"]
        == case["flops_per_second"] / content["bfloat16_matrix_flops_per_second"]
    )
    assert case["top"][0]["milliseconds"] > 0 and case["compiled_bytes"] > 0


@pytest.mark.slow  # compiles in processes of its own
def test_saving_says_what_a_checkpoint_costs(tmp_path):
    content = run("saving", tmp_path, "--smoke", "--blocks=1", "--steps=2")
    assert content["state_mb"] > 1 and 0 < content["loop_waits_seconds"] < content["interval_seconds"]


def test_the_timed_path_needs_no_data_library():
    code = (
        "import sys, benchmarks.peers.ours, benchmarks.worker, benchmarks.gpu_case;"
        "bad = {'tensorflow_datasets', 'ml_collections', 'orbax', 'tensorflow', 'torch'} & set(sys.modules);"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_peer_that_there_is_not_is_refused():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.train_step", "--peers=ours,mxnet"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0 and "must be ours and some of" in done.stderr


@pytest.mark.slow  # compiles in processes of its own
def test_build_set_says_how_many_pictures_it_builds_in_a_second_and_in_how_much_memory(tmp_path):
    content = run("build_set", tmp_path, "--files=48", "--side=32", "--size=32", "--workers=1", "--aligner=middle")
    assert content["built"] == 48 and content["pictures_per_second"] > 0
    assert content["process_mib"] > 10 and abs(content["grown_mib"]) < content["process_mib"]


@pytest.mark.slow  # compiles in processes of its own
def test_a_big_set_is_built_and_trained_on(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    content = run("big_data", tmp_path, "--records=60", "--steps=2")
    assert content["records"] == 60 and content["most_mib"] >= content["most_mib_before_first_step"] > 0
    assert 0 < content["seconds_to_first_step"] <= content["seconds_in_all"]


@pytest.mark.slow
def test_a_long_run_is_watched_to_its_end(tmp_path):
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'cdaae_jax[eval]'")
    content = run("long_run", tmp_path, "--minutes=0.5", "--every=1", f"--graph={tmp_path / 'graph.png'}")
    assert content["summary"]["status"] == 75 and content["summary"]["steps"] > 0
    assert (tmp_path / "graph.png").stat().st_size > 10_000


@pytest.mark.slow  # starts two processes, each of which compiles a whole network
def test_former_default_gives_the_ratio_of_the_two_steps(tmp_path):
    content = run("former_default", tmp_path, "--rounds=1", "--turn_seconds=0", "--warmup=1", "--patience=0")
    assert set(content["milliseconds"]) == {"plain, 64 px", "cdaae, 128 px"}
    assert content["ratio_to_former_default"]["cdaae, 128 px"]["median"] > 0
