"""Measures of edited pictures: against their target, and by packaged networks that act as judges.

`harness.evaluate` brings together four rooms, each of which knows only those before it: measures, tasks, judges,
report.
"""
