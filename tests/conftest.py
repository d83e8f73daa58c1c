"""Fixtures shared by all tests."""

import os
import pathlib
import shutil

import jax
import numpy as np
import pytest
from PIL import Image

# --- devices and compilation: before the first question for devices ---------------------------------------------------

jax.config.update("jax_platforms", "cpu")
# Networks of a few channels are compiled far longer than they run, so they are compiled without optimisation. Processes
# that tests start inherit it.
if "--xla_backend_optimization_level" not in os.environ.get("XLA_FLAGS", ""):
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_backend_optimization_level=0".strip()
jax.config.update("jax_num_cpu_devices", 4)
# Compiled programs outlive the session, so that a second run of the tests only waits for what changed.
jax.config.update("jax_compilation_cache_dir", str(pathlib.Path(__file__).parents[1] / ".cache" / "jax"))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)


@pytest.fixture(autouse=True)
def xla_flags_of_its_own(monkeypatch):
    """The programs set XLA's flags for their own process, and processes that later tests start would inherit them."""
    monkeypatch.setenv("XLA_FLAGS", os.environ.get("XLA_FLAGS", ""))


@pytest.fixture(scope="session")
def london_data() -> pathlib.Path:
    folder = os.environ.get("CDAAE_DATA")
    if not folder or not (pathlib.Path(folder) / "frl_london").is_dir():
        pytest.skip("needs real photos: set CDAAE_DATA to the folder that holds frl_london")
    return pathlib.Path(folder)


@pytest.fixture(scope="session")
def face_model() -> pathlib.Path:
    """The face landmarker's file, for tests that find real faces."""
    named, judges = os.environ.get("CDAAE_FACE_MODEL"), os.environ.get("CDAAE_JUDGES")
    path = pathlib.Path(named) if named else pathlib.Path(judges or "") / "face_landmarker.task"
    if not path.is_file():
        pytest.skip("needs the face landmarker: set CDAAE_FACE_MODEL to its file")
    pytest.importorskip("ai_edge_litert", reason="needs ai-edge-litert: pip install 'cdaae_jax[photo]'")
    return path


# --- a tiny set of made-up faces, as a folder and as a manifest; to change it, take faces_copy ----------------------

FACES_PEOPLE = ("p1", "p2", "p3", "p4")
# With the cells for AU1, AU6 and AU12; an empty one means 0.
FACES_EXPRESSIONS = {"neutral": "0,,", "happy": "0,3,4.5", "surprised": "5,0,"}
FACES_SIDE = 48


@pytest.fixture(scope="session")
def faces_folder(tmp_path_factory) -> pathlib.Path:
    """The layout subject/expression/picture: 4 people, 3 expressions, one lopsided 48x48 PNG each."""
    folder = tmp_path_factory.mktemp("data") / "faces"
    rows = ["file,subject,expression,AU1,AU6,AU12"]
    for i, person in enumerate(FACES_PEOPLE):
        for k, (expression, aus) in enumerate(FACES_EXPRESSIONS.items()):
            file = folder / person / expression / "photo.png"
            file.parent.mkdir(parents=True)
            blocks = np.random.default_rng([i, k]).integers(0, 256, (6, 6, 3), np.uint8)
            Image.fromarray(blocks.repeat(FACES_SIDE // 6, 0).repeat(FACES_SIDE // 6, 1)).save(file)
            rows.append(f"{file.relative_to(folder.parent)},{person},{expression},{aus}")
    (folder.parent / "faces.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="session")
def faces_manifest(faces_folder) -> pathlib.Path:
    """The same pictures as a CSV with the columns file, subject, expression, AU1, AU6 and AU12."""
    return faces_folder.parent / "faces.csv"


@pytest.fixture
def faces_copy(faces_folder, tmp_path) -> pathlib.Path:
    """A data folder with a faces/ and a faces.csv that a test may spoil."""
    return pathlib.Path(shutil.copytree(faces_folder.parent, tmp_path / "data"))
