"""From picture files to batches of same-person pairs."""
