"""Measures of edited pictures: against their target, and by packaged networks that act as judges."""
