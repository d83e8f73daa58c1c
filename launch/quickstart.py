"""Runs cdaae_jax.cli.quickstart from a checkout; see --help."""

from cdaae_jax.cli import quickstart

if __name__ == "__main__":
    quickstart.run()
