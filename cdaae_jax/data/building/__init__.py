"""What the builders of public sets have in common: from a folder as published to aligned TFDS records.

A tree of files -> what a set's names say of them (`Scan`) -> aligned once, in parallel, with a journal -> records and a
report. A set adds its names: a subclass of `builder.AlignedSet` with `scan`.
"""
