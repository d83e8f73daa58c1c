"""Runs cdaae_jax.cli.prepare from a checkout; see --help."""

from cdaae_jax.cli import prepare

if __name__ == "__main__":
    prepare.run()
