"""Runs cdaae_jax.cli.inspect from a checkout; see --help."""

from cdaae_jax.cli import inspect

if __name__ == "__main__":
    inspect.run()
