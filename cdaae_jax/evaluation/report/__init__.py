"""What a reader sees of an evaluation: tables, charts, and sheets of pictures."""
