"""Makes a set for training of any photos: finds the faces, aligns them, and writes down what cannot be used.

  cdaae-prepare --input=photos/ --output=mine             photos/subject/expression/picture.jpg
  cdaae-prepare --input=photos.csv --output=mine          columns: file, subject, expression or AU1, AU2, ...

The output folder receives faces.csv, which cdaae-train reads, the aligned pictures, contact sheets, whose numbers are
lines of faces.csv, and rejected.csv, which says what was left out and why. Of several faces in a photo the largest is
taken.

Stopped in any way, the same command goes on where it was. Photos that are new or changed since are done, others kept.
"""

from concurrent.futures.process import BrokenProcessPool

from absl import flags

from cdaae_jax.cli import program

_INPUT = flags.DEFINE_string("input", None, "A folder subject/expression/picture, or a CSV.")
_OUTPUT = flags.DEFINE_string("output", None, "The folder for the set; made if missing, continued if not.")
_SIZE = flags.DEFINE_integer("size", 256, "Pixels of the aligned pictures' sides.", lower_bound=32, upper_bound=2048)
_WORKERS = flags.DEFINE_integer("workers", None, "Processes; as many as there are processors if not given.", 1)

_NEXT = """\
look at {folder}/contact_sheet_1.jpg, then train:
  cdaae-train --config=FILE --workdir=DIR --data_dir={folder} --config.data.manifests='("faces.csv",)'{kind}"""


def main() -> None:
    """Reads the flags, prepares, prints what came of it."""
    from cdaae_jax.data.preparing import prepare
    from cdaae_jax.errors import UserError

    for flag in (_INPUT, _OUTPUT):
        if not flag.value:
            raise UserError(f"--{flag.name} is missing; write --{flag.name}=..., see --help")
    try:
        prepared = prepare(_INPUT.value, _OUTPUT.value, _SIZE.value, _WORKERS.value)
    except BrokenProcessPool:
        program.failed(
            "a worker was killed, which the system does when memory runs out; run the same command again with fewer "
            "--workers, and it goes on"
        )
    print(prepared)
    kind = "" if prepared.label_kind == "emotion" else f" --config.data.label_kind={prepared.label_kind}"
    print(_NEXT.format(folder=prepared.folder, kind=kind))


def run() -> None:
    """The console script `cdaae-prepare`."""
    program.run(main, __name__)
