"""Where the page's files lie, what is served beside them, and the engine of models that ship."""

import json
import pathlib

from cdaae_jax import pretrained
from cdaae_jax.faces import FaceFinder
from cdaae_jax.page.local_engine import LocalEngine
from cdaae_jax.page.settings import FILE, SHIPPED, settings
from cdaae_jax.page.videos import Videos
from cdaae_jax.photos import editing
from cdaae_jax.sampling import Sampler

STATIC = pathlib.Path(__file__).parent / "static"
SAMPLE = "sample.jpg"


def local_engine() -> LocalEngine:
    """Returns the engine of the models that ship, with the face finder of this process."""
    return LocalEngine({name: Sampler.from_pretrained(name) for name in SHIPPED}, editing.shared_finder)


def videos(engine: LocalEngine) -> Videos:
    """Returns what edits videos with the engine's models; each video has a face finder of its own."""
    return Videos(engine.samplers, FaceFinder.load)


def beside(engine: LocalEngine) -> dict[str, bytes]:
    """Returns what the page asks for beside its static files, by name: the settings, and a drawn face to try."""
    return {
        FILE: json.dumps(settings(engine.samplers, "python")).encode(),
        SAMPLE: sample().read_bytes(),
    }


def sample() -> pathlib.Path:
    """Returns the drawn face that the page offers to try."""
    return pretrained.PORTRAITS / "p000007.jpg"
