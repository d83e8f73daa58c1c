"""What launchers ask of clouds and schedulers: commands of their names record it, fail, or take a machine away."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).parents[2]
LAUNCH = ROOT / "launch"
SCRIPTS = sorted(path for path in LAUNCH.iterdir() if path.suffix in (".sh", ".sbatch"))
SLICE = ("--name=n", "--zone=z", "--bucket=gs://b", "--wheel=dist/c.whl", "--config=configs/london.py", "--run=r 1")
TPU = "gcloud compute tpus tpu-vm"


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Returns the function that puts a command of this name first on the PATH; each call is a line of calls.txt."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls.txt"))
    monkeypatch.setenv("STATE", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))

    def put(name: str, body: str = "true") -> None:
        file = folder / name
        file.write_text(f'#!/usr/bin/env bash\necho "{name} $*" >>"$CALLS"\n{body}\n')
        file.chmod(0o755)

    return put


def calls(tmp_path) -> list[str]:
    file = tmp_path / "calls.txt"
    return file.read_text().splitlines() if file.exists() else []


def launch(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(LAUNCH / script), *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing(script):
    program = shutil.which("shellcheck") or shutil.which("shellcheck", path=str(pathlib.Path(sys.executable).parent))
    if program is None:
        pytest.skip("needs shellcheck: pip install 'cdaae_jax[test]'")
    checked = subprocess.run([program, str(script)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


# --- TPU VM -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("create", f"{TPU} create n --accelerator-type=v5litepod-8 --version=v2-alpha-tpuv5-lite --spot --zone=z"),
        ("logs", rf"{TPU} ssh n --worker=0 --command=tail\ -n\ 50\ cdaae/train.log --zone=z"),
        ("delete", f"{TPU} delete n --quiet --zone=z"),
        (
            "stop",
            rf"{TPU} ssh n --worker=all --command=test\ \!\ -e\ cdaae/train.pid\ \|\|\ kill\ -TERM\ "
            r"\"\$\(cat\ cdaae/train.pid\)\" --zone=z",
        ),
    ],
)
def test_a_dry_run_prints_the_command_and_runs_nothing(fake, tmp_path, action, expected):
    fake("gcloud")
    done = launch("tpu_vm.sh", action, *SLICE)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, expected, "")
    assert not calls(tmp_path)


def test_what_the_hosts_are_told_is_what_was_asked(fake, tmp_path):
    fake("gcloud")
    assert launch("tpu_vm.sh", "setup", *SLICE, "--data=gs://b/data", "--go").returncode == 0
    assert launch("tpu_vm.sh", "train", *SLICE, "--go", "--", "--config.data.manifests=a b.csv").returncode == 0
    assert calls(tmp_path) == [
        f"{TPU} ssh n --worker=all --command=mkdir -p cdaae --zone=z",
        f"{TPU} scp dist/c.whl configs/london.py {LAUNCH}/tpu_worker.sh n:cdaae/ --worker=all --zone=z",
        f'{TPU} ssh n --worker=all --command=bash cdaae/tpu_worker.sh setup "$HOME"/cdaae/c.whl gs://b/data --zone=z',
        f"{TPU} ssh n --worker=all --command=nohup setsid bash cdaae/tpu_worker.sh train "
        '--config="$HOME"/cdaae/london.py --workdir=gs://b/r\\ 1 --config.data.manifests=a\\ b.csv '
        ">/dev/null 2>&1 </dev/null & --zone=z",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "the first argument must be create, setup"),
        (("fly",), "not 'fly'"),
        (("create",), "--name is missing"),
        (("create", "--name=n"), "--zone is missing"),
        (("setup", "--name=n", "--zone=z"), "setup needs --bucket"),
        (("create", "--name=n", "--zone=z", "--gpu"), "there is no option --gpu; flags of cdaae-train come after --"),
    ],
)
def test_unusable_arguments_are_said_in_one_line(fake, tmp_path, arguments, message):
    fake("gcloud")
    done = launch("tpu_vm.sh", *arguments)
    assert done.returncode == 2 and message in done.stderr and len(done.stderr.splitlines()) == 1
    assert not calls(tmp_path)


def test_what_gcloud_cannot_do_ends_the_launcher(fake):
    fake("gcloud", "echo 'no quota' >&2; exit 3")
    done = launch("tpu_vm.sh", "create", *SLICE, "--go")
    assert done.returncode == 3 and "no quota" in done.stderr


CLOUD = """
case "$*" in
  *" describe "*) cat "$STATE/state" 2>/dev/null || exit 1 ;;
  *" create "*) echo READY >"$STATE/state"; echo >>"$STATE/slices" ;;
  *" delete "*) rm "$STATE/state" ;;
  *"worker.sh train"*) ;;
  *"train.status"*)  # the first slice is preempted while it trains, the second finishes
    if [ "$(wc -l <"$STATE/slices")" -eq 1 ]; then echo training; echo PREEMPTED >"$STATE/state"; else echo 0; fi ;;
esac
"""


def test_a_preempted_slice_is_made_again_until_the_training_is_done(fake, tmp_path):
    fake("gcloud", CLOUD)
    done = launch("tpu_vm.sh", "keep", *SLICE, "--go", CDAAE_LOOK_EVERY="0.1")
    assert done.returncode == 0, done.stderr
    verbs = [call.removeprefix(f"{TPU} ").split()[0] for call in calls(tmp_path)]
    whole = ["create", "ssh", "scp", "ssh", "ssh"]
    assert verbs == ["describe", *whole, "describe", "ssh", "describe", "delete", *whole, "describe", "ssh"]


@pytest.mark.parametrize("status", [1, 2])
def test_a_training_that_failed_is_not_started_again(fake, tmp_path, status):
    (tmp_path / "state").write_text("READY")
    fake("gcloud", f'case "$*" in *" describe "*) cat "$STATE/state" ;; *) echo {status} ;; esac')
    done = launch("tpu_vm.sh", "keep", *SLICE, "--go", CDAAE_LOOK_EVERY="0.1")
    assert done.returncode == 2 and f"the training failed with status {status}" in done.stderr
    assert len(calls(tmp_path)) == 2


TRAINER = """
trap 'echo saved >"$STATE/saved"; exit 75' TERM
echo >"$STATE/started"
for _ in $(seq 300); do sleep 0.1; done
"""


def wait_for(file: pathlib.Path) -> None:
    for _ in range(300):
        if file.exists():
            return
        time.sleep(0.05)
    pytest.fail(f"{file.name} did not appear")


@pytest.mark.parametrize("cause", ["the cloud's notice", "a signal"])
def test_a_host_passes_on_that_it_goes_away_and_keeps_the_status(fake, tmp_path, cause):
    fake("trainer", TRAINER)
    notice = cause == "the cloud's notice"
    wait = 'while [ ! -e "$STATE/started" ]; do sleep 0.05; done; ' if notice else "exec sleep 30"
    fake("curl", f"{wait}{'echo TRUE' if notice else ''}")
    (tmp_path / "cdaae").mkdir()
    worker = subprocess.Popen(
        [LAUNCH / "tpu_worker.sh", "train", "--config=c.py"], env=os.environ | {"CDAAE_TRAIN": "trainer"}
    )
    wait_for(tmp_path / "started")
    if not notice:
        worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == 75
    assert (tmp_path / "saved").exists() and (tmp_path / "cdaae" / "train.status").read_text() == "75\n"
    assert not (tmp_path / "cdaae" / "train.pid").exists()
    assert f"trainer --data_dir={tmp_path}/cdaae/data --config=c.py" in calls(tmp_path)


# --- SLURM ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "requeued"), [(0, False), (1, False), (2, False), (75, True)])
def test_only_a_stopped_job_goes_back_into_the_queue(fake, tmp_path, status, requeued):
    fake("srun", f"exit {status}")
    fake("scontrol")
    done = launch("slurm.sbatch", "--config=c.py", "--workdir=w", SLURM_JOB_ID="7")
    assert done.returncode == status
    assert ("scontrol requeue 7" in calls(tmp_path)) == requeued
    assert "srun --kill-on-bad-exit=1 --label cdaae-train --config=c.py --workdir=w" in calls(tmp_path)


def test_slurm_s_signal_reaches_the_tasks_and_their_status_counts(fake, tmp_path):
    fake("srun", TRAINER.replace("echo >", 'echo $$ >"$STATE/srun.pid"; echo >'))
    fake("scancel", 'kill -TERM "$(cat "$STATE/srun.pid")"')
    fake("scontrol")
    job = subprocess.Popen([LAUNCH / "slurm.sbatch"], env=os.environ | {"SLURM_JOB_ID": "7"}, stderr=subprocess.PIPE)
    wait_for(tmp_path / "started")
    job.send_signal(signal.SIGTERM)
    _, errors = job.communicate(timeout=30)
    assert job.returncode == 75, errors
    assert calls(tmp_path)[1:] == ["scancel --signal=TERM 7.0", "scontrol requeue 7"]


def test_a_job_that_slurm_stops_before_it_trains_goes_back_into_the_queue(fake, tmp_path):
    # The earliest moment: the script's first child sends the signal, and ends by it like a task that only starts.
    fake("srun", 'kill -TERM "$PPID"; exec sleep 60')
    fake("scancel", "exit 1")
    fake("scontrol")
    done = launch("slurm.sbatch", SLURM_JOB_ID="7")
    assert done.returncode == 143, done.stderr
    assert calls(tmp_path)[-1] == "scontrol requeue 7"


SBATCH = """
options=() # sbatch's own come before the script
while [[ $1 == --* ]]; do options+=("$1"); shift; done
grep '^#SBATCH' "$1" | sed 's/#SBATCH //' >"$STATE/asked"
export SLURM_JOB_ID=7
while "$@"; status=$?; [ -e "$STATE/queue" ]; do rm "$STATE/queue"; done
exit $status
"""


def test_a_queue_runs_a_preempted_job_again_until_it_is_done(fake, tmp_path):
    fake("sbatch", SBATCH)
    fake("scontrol", 'touch "$STATE/queue"')
    fake("srun", '[ -e "$STATE/preempted" ] || { touch "$STATE/preempted"; exit 75; }')
    command = ["sbatch", "--nodes=2", str(LAUNCH / "slurm.sbatch"), "--config=c.py", "--workdir=w"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    step = "srun --kill-on-bad-exit=1 --label cdaae-train --config=c.py --workdir=w"
    assert calls(tmp_path)[1:] == [step, "scontrol requeue 7", step]
    asked = (tmp_path / "asked").read_text().splitlines()
    assert {"--requeue", "--open-mode=append", "--signal=B:TERM@120", "--ntasks-per-node=8"} <= set(asked)


# --- processes on this machine ----------------------------------------------------------------------------------------


def test_each_local_process_is_told_who_it_is(fake, tmp_path):
    fake("python", "exit 0")
    done = launch("local_processes.sh", "2", "--config=c.py", PYTHON="python", PORT="9")
    assert done.returncode == 0, done.stderr
    flags = "--config=c.py --coordinator=127.0.0.1:9 --num_processes=2 --process_id="
    assert sorted(calls(tmp_path)) == [f"python {LAUNCH}/train.py {flags}{i}" for i in range(2)]
    wrong = launch("local_processes.sh", "two")
    assert wrong.returncode == 2 and len(wrong.stderr.splitlines()) == 1


def test_a_signal_to_the_launcher_stops_all_local_processes(fake, tmp_path):
    fake("python", TRAINER.replace('"$STATE/started"', '"$STATE/started.${*: -1}"'))
    launcher = subprocess.Popen(
        [LAUNCH / "local_processes.sh", "2"], env=os.environ | {"PYTHON": "python", "PORT": "9"}
    )
    for i in range(2):
        wait_for(tmp_path / f"started.--process_id={i}")
    launcher.send_signal(signal.SIGTERM)
    assert launcher.wait(timeout=30) == 75


def test_local_processes_say_that_they_train_on_cpu_where_gpus_are_too_few(fake, tmp_path):
    fake("nvidia-smi", "echo 0")
    fake("python", 'echo "$JAX_PLATFORMS" >>"$STATE/platforms"')
    done = launch("local_processes.sh", "2", "--config=c.py", PYTHON="python", PORT="9")
    assert done.returncode == 0 and "has 1 GPUs, fewer than 2" in done.stderr
    assert (tmp_path / "platforms").read_text() == "cpu\ncpu\n"
