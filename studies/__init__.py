"""What docs/results compares: trainings, their measurement and its charts. Nothing here is imported by `cdaae_jax`."""
