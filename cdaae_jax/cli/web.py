"""Builds the page as one folder of static files: a browser then computes everything itself, also without a network.

make web                                     # fetches what it needs, and runs this
python launch/web.py --packages=web/node_modules --output=build/web
"""

import pathlib

from absl import flags

from cdaae_jax.cli import program

_PACKAGES = flags.DEFINE_string("packages", "web/node_modules", "The folder that `npm ci` filled.")
_OUTPUT = flags.DEFINE_string("output", "build/web", "The folder to make; an earlier page is replaced.")


def main() -> None:
    """Reads the flags, builds, says how to look at it."""
    from cdaae_jax import compiling, memory
    from cdaae_jax.page import building

    memory.keep()
    compiling.hurry()
    output = pathlib.Path(_OUTPUT.value)
    building.build(pathlib.Path(_PACKAGES.value), output)
    print(f"{output} is the page: give it to a static host, or see it with cdaae-demo --folder={output}")


def run() -> None:
    """The program of launch/web.py."""
    program.run(main, __name__)
