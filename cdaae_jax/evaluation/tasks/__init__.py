"""What is asked of a model: edits, paths from neutral, mixtures, and of whom."""
