"""Runs cdaae_jax.cli.demo from a checkout; see --help."""

from cdaae_jax.cli import demo

if __name__ == "__main__":
    demo.run()
