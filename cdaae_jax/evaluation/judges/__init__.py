"""The networks that judge pictures, their weights, and what the panel of them says."""
