"""Runs cdaae_jax.cli.evaluate from a checkout; see --help."""

from cdaae_jax.cli import evaluate

if __name__ == "__main__":
    evaluate.run()
