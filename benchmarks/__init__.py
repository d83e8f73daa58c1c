"""Speed and memory against peers; see benchmarks/README.md. Nothing here is imported by `cdaae_jax`."""
