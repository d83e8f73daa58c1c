"""Runs cdaae_jax.cli.sample from a checkout; see --help."""

from cdaae_jax.cli import sample

if __name__ == "__main__":
    sample.run()
