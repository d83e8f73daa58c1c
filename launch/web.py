"""Runs cdaae_jax.cli.web from a checkout; see --help."""

from cdaae_jax.cli import web

if __name__ == "__main__":
    web.run()
