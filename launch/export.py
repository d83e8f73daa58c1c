"""Runs cdaae_jax.cli.export from a checkout; see --help."""

from cdaae_jax.cli import export

if __name__ == "__main__":
    export.run()
