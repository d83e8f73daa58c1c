"""Runs cdaae_jax.cli.train from a checkout; see --help."""

from cdaae_jax.cli import train

if __name__ == "__main__":
    train.run()
