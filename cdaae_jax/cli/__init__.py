"""The command-line programs, which only read flags; everything they do is available from Python."""
