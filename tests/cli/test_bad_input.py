"""What the programs say to unusable flags and input: status 2, one line on standard error, and nothing is written."""

import logging
import os
import pathlib
import subprocess
import sys

import pytest
from absl import flags
from absl import logging as absl_logging
from absl.testing import flagsaver

from cdaae_jax.cli import program as programs
from cdaae_jax.cli import sample, train

ROOT = pathlib.Path(__file__).parents[2]
# ml_collections still loads a configuration file in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:the load_module:DeprecationWarning")

CONFIG = """
from cdaae_jax.config import Config, Data, Model, Run

def get_config():
    return Config(Data(manifests=("faces",), held_out=1), Model(image_size=32), run=Run(batch_size=8))
"""


@pytest.fixture
def place(faces_copy, tmp_path, monkeypatch):
    """The folder in which the programs run: data/faces, data/faces.csv, config.py and a text that is no picture."""
    (tmp_path / "config.py").write_text(CONFIG)
    (tmp_path / "data" / "empty").mkdir()
    (tmp_path / "data" / "text.jpg").write_text("not a picture")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CDAAE_DATA", raising=False)
    # Set already, so that the program does not set them for the tests that follow.
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "")
    monkeypatch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "1")
    return tmp_path


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a program inside this process: returns its status, standard output and standard error."""
    loggers = [logging.getLogger(name) for name in (None, "cdaae_jax")]
    before = [(log.level, log.propagate, list(log.handlers)) for log in loggers]
    verbosity = absl_logging.get_verbosity()
    defined = flagsaver.save_flag_values()

    def call(program, *arguments):
        monkeypatch.setattr(sys, "argv", [f"{program.__name__.split('.')[-1]}.py", *arguments])
        with pytest.raises(SystemExit) as ended:
            programs.run(program.main, program.__name__)
        return ended.value.code, *capsys.readouterr()

    yield call
    flagsaver.restore_flag_values(defined)
    flags.FLAGS.unparse_flags()
    sys.modules.pop("config_config", None)  # under this name ml_collections keeps the last configuration file
    absl_logging.set_verbosity(verbosity)
    for log, (level, propagate, handlers) in zip(loggers, before, strict=True):
        log.setLevel(level)
        log.propagate, log.handlers = propagate, handlers


def tree(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def check_refusal(result, message):
    status, out, err = result
    assert status == 2 and out == ""
    assert err.count("\n") == 1 and err.endswith("\n"), err
    assert "Traceback" not in err
    assert message in err


USABLE = ("--config=config.py", "--workdir=new/run", "--data_dir=data")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        # flags
        (USABLE[:1], "train.py: --workdir is missing; write --workdir=PATH, see --help"),
        (USABLE[1:], "train.py: --config is missing; write --config=PATH, see --help"),
        ((*USABLE, "--wrkdir=x"), "Unknown command line flag 'wrkdir'. Did you mean: workdir ?"),
        ((*USABLE, "again"), "unexpected argument 'again'; flags are written --name=value, see --help"),
        ((*USABLE, "--workdir"), "Missing value for flag --workdir"),
        # the configuration file
        (("--config=nothing.py", *USABLE[1:]), "--config cannot be used (OSError: [Errno 2] No such file or directory"),
        (("--config=data", *USABLE[1:]), "--config cannot be used (OSError: "),
        (("--config=", *USABLE[1:]), "--config cannot be used (OSError: "),
        (("--config=data/text.jpg", *USABLE[1:]), "--config cannot be used (SyntaxError: invalid syntax"),
        # overrides
        ((*USABLE, "--config.optim.learning_rat=1"), "learning_rat; nearest: --config.optim.learning_rate"),
        ((*USABLE, "--config.run=1"), "there is no --config.run; nearest: --config.run.seed"),
        ((*USABLE, "--config.run.steps=abc"), "--config.run.steps=abc cannot be used; allowed: a whole number\n"),
        ((*USABLE, "--config.run.steps=1.5"), "--config.run.steps=1.5 cannot be used; allowed: a whole number\n"),
        ((*USABLE, "--config.data.flip=maybe"), "--config.data.flip=maybe cannot be used; allowed: true or false\n"),
        ((*USABLE, "--config.optim.beta1=a: b"), "--config.optim.beta1=a: b cannot be used; allowed: a number\n"),
        ((*USABLE, "--config.data.manifests=a b"), "allowed: a tuple of strings such as ('a', 'b')\n"),
        ((USABLE[1], "--config.run.steps=5"), "--config.run.steps needs --config=FILE"),
        ((*USABLE, "--config.run.steps=0"), "config.run.steps is 0; allowed: 1 or more"),
        ((*USABLE, "--config.model.name=cda"), "unknown model 'cda'; known: cdaae, caae"),
        ((*USABLE, "--config.run.batch_size=7"), "batch_size is 7, which 4 devices cannot share evenly; use 4 or 8"),
        ((*USABLE, "--config.run.num_devices=99"), "config.run.num_devices is 99, but this machine has 4"),
        # data
        (USABLE[:2], "no data folder; name it with --data_dir or the environment variable CDAAE_DATA"),
        ((*USABLE[:2], "--data_dir=elsewhere"), "there is no elsewhere/faces; name the data folder with --data_dir"),
        ((*USABLE, "--config.data.manifests=nothing.csv"), "there is no data/nothing.csv; name the data folder"),
        ((*USABLE, "--config.data.manifests=empty"), "empty holds no photos; expected subject/expression/picture"),
        ((*USABLE, "--config.data.manifests=text.jpg"), "data/text.jpg has no column 'file'"),
        ((*USABLE, "--config.model.image_size=64"), "no photo in faces can be used: skipped 12: picture that"),
        ((*USABLE, "--config.data.label_names=happy"), "nobody is left in faces"),
        ((*USABLE, "--config.data.held_out=4"), "held_out is 4, but there are only 4 people; hold out fewer"),
        # the work folder
        (("--workdir=config.py", USABLE[0], USABLE[2]), "config.py (File exists); choose another folder"),
        (("--workdir=config.py/run", USABLE[0], USABLE[2]), "config.py/run (Not a directory); choose another folder"),
    ],
)
def test_train_refuses_what_it_cannot_use(place, run, arguments, message):
    before = tree(place)
    check_refusal(run(train, *arguments), message)
    assert tree(place) == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("def get_config(:", "SyntaxError: invalid syntax"),
        ("import nothing_such", "ModuleNotFoundError: No module named 'nothing_such'"),
        ("nothing = 1", "AttributeError: module 'config_config' has no attribute 'get_config'"),
        ("def get_config():\n    pass", "its get_config() returns nothing"),
        (CONFIG.replace("manifests", "manifest"), "TypeError: Data.__init__() got an unexpected keyword argument"),
        ("def get_config():\n    raise ValueError", "ValueError"),
    ],
)
def test_train_says_what_is_wrong_with_a_configuration_file(place, run, content, message):
    (place / "config.py").write_text(content)
    result = run(train, *USABLE)
    check_refusal(result, message)
    assert "train.py: --config cannot be used (" in result[2]
    assert "; it must name a Python file with get_config() -> Config\n" in result[2]
    assert not (place / "new").exists()


def test_train_refuses_a_configuration_of_another_kind(place, run):
    (place / "config.py").write_text("def get_config():\n    return {'run': {'steps': 1}}")
    check_refusal(run(train, *USABLE), "the configuration is a dict; allowed: cdaae_jax.config.Config")


PICTURE = "--input=data/faces/p1/happy/photo.png"
ASKED = ("--checkpoint=none", PICTURE, "--label=happy", "--output=new/happy.png")
PREPARE = ("--input=data/faces", "--output=new")
PHOTO = ("--checkpoint=none", "--photo=data/faces/p1/happy/photo.png", "--label=happy")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        *(
            (ASKED[:i] + ASKED[i + 1 :], f"sample.py: --{name} is missing; write --{name}=..., see --help")
            for i, name in ((2, "label"), (3, "output"))
        ),
        ((*ASKED[:1], *ASKED[2:]), "--photo is missing; write --photo=..., or --input=... for aligned pictures"),
        ((*ASKED, "--lable=sad"), "Unknown command line flag 'lable'. Did you mean: label ?"),
        ((*ASKED, "sad"), "unexpected argument 'sad'; flags are written --name=value, see --help"),
        ((*ASKED, "--steps=1"), "flag --steps=1: "),
        ((*ASKED, "--steps=few"), "flag --steps=few: "),
        ((*ASKED, "--input=nobody.jpg"), "there is no picture nobody.jpg; check the name"),
        ((*ASKED, "--input=two\nlines.jpg"), "there is no picture two lines.jpg; check the name"),
        ((*ASKED, "--input=data/text.jpg"), "data/text.jpg cannot be read (not a picture, or damaged); allowed: .jpg"),
        ((*ASKED, "--input=data/empty"), "data/empty holds no pictures; allowed: .jpg, .jpeg, .png"),
        ((*ASKED, "--output=new/happy.tif"), "--output=new/happy.tif names no picture; it must end in .jpg"),
        ((*ASKED, "--output=new"), "--output=new names no picture; it must end in .jpg"),
        (ASKED, "there is no folder none, and this copy of the package has no model of that name"),
        # whole photos
        ((*ASKED, "--photo=data/text.jpg"), "--photo and --input are two ways to name pictures; give one of them"),
        ((*ASKED, "--amount=0.5"), "--amount is for --photo; leave it out, or name the picture with --photo"),
        ((*ASKED, "--no_mark"), "--no_mark is for --photo; leave it out"),
        ((*PHOTO[:1], "--photo=nobody.jpg", "--label=happy"), "there is no photo nobody.jpg; check the name"),
        ((*PHOTO, "--amount=2"), "flag --amount=2: "),
        (
            (*PHOTO, "--face=left"),
            "--face=left cannot be used; allowed: largest, all, or a number from 0, the largest",
        ),
        ((*PHOTO, "--to=sad", "--side_by_side"), "--to and --side_by_side make two kinds of files"),
        ((*PHOTO, "--key=key.pem"), "--certificate and --key belong together; give both or none"),
        (
            (*PHOTO, "--certificate=chain.pem", "--key=key.pem", "--no_mark"),
            "--certificate signs edited photos alone, not with --no_mark; leave one of them out",
        ),
        (PHOTO, "there is no folder none, and "),
    ],
)
def test_sample_refuses_what_it_cannot_use(place, run, arguments, message):
    before = tree(place)
    check_refusal(run(sample, *arguments), message)
    assert tree(place) == before


def launch(name, *arguments, cwd):
    """Runs a program as people do; returns its status, standard output and standard error."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CDAAE_", "JAX_", "XLA_"))}
    environment |= {"JAX_PLATFORMS": "cpu", "XDG_CACHE_HOME": str(cwd / "cache"), "COLUMNS": "120"}
    command = [sys.executable, str(ROOT / "launch" / name), *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("name", "program", "names"),
    [
        ("train.py", "cdaae-train", ("config", "data_dir", "workdir")),
        ("sample.py", "cdaae-sample", ("checkpoint", "input", "label", "output", "photo", "steps", "to")),
        ("prepare.py", "cdaae-prepare", ("input", "output", "size", "workers")),
        ("inspect_data.py", "cdaae-inspect", ("data", "data_dir", "held_out", "judges", "label_kind", "output")),
    ],
)
def test_help_tells_the_flags(name, program, names, place):
    status, out, err = launch(name, "--help", cwd=place)
    assert status == 0 and err == ""
    assert f"\n  {program} --" in out and "Traceback" not in out
    for flag in names:
        assert f"\n  --{flag}: " in out
    assert max(map(len, out.splitlines())) <= 120 and len(out.splitlines()) < 48


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        (
            "train.py",
            (*USABLE, "--config.run.step=5"),
            "there is no --config.run.step; nearest: --config.run.steps,",
        ),
        ("train.py", (*USABLE, "--config.data.manifests=empty"), "train.py: empty holds no photos"),
        ("sample.py", ASKED, "sample.py: there is no folder none, and "),
        ("prepare.py", PREPARE[1:], "prepare.py: --input is missing; write --input=..., see --help"),
        ("prepare.py", (*PREPARE, "--input=data/empty"), "empty holds no photos in the layout subject/expression/"),
        ("inspect_data.py", (), "inspect_data.py: --data is missing; write --data=faces.csv,"),
        ("inspect_data.py", ("--data=tfds:raft",), "unknown TFDS builder 'raft'; known: rafd"),
        ("prepare.py", (*PREPARE, "--output=data"), "prepare.py: --output data holds other files (empty); name a"),
    ],
)
def test_the_programs_as_people_start_them(name, arguments, message, place):
    before = tree(place)
    check_refusal(launch(name, *arguments, cwd=place), message)
    assert {path: content for path, content in tree(place).items() if "cache" not in path.parts} == before
