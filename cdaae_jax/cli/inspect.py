"""Says what a set holds: people, labels, parts, broken files, and pictures that are in it twice.

  cdaae-inspect --data=mine/faces.csv --data_dir=DATA     a CSV or a folder, as config.data.manifests
  cdaae-inspect --data=tfds:rafd --data_dir=DATA          a public set, which is built from DATA/rafd if it is not yet
  cdaae-inspect --data=tfds:rafd,tfds:disfa --data_dir=DATA --output=look --judges=runs/judges

On a cluster, Apache Beam builds a set (docs/data.md): --beam=runner=FlinkRunner,flink_master=HOST:8081.
With --output it also draws a contact sheet, look/contact_sheet.jpg, and pictures that are there twice, look/copies.jpg.
The same picture under two people is found by its greys; with --judges (fetched by `make judges`) an identity network
also says which people of two parts look like one.
"""

import pathlib

from absl import flags

from cdaae_jax.cli import program

_DATA = flags.DEFINE_list("data", None, "What to look at, written as config.data.manifests.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "The folder with the data sets; else the environment's CDAAE_DATA.")
_LABEL_KIND = flags.DEFINE_enum("label_kind", "both", ["both", "emotion", "au"], "Which labels to read.")
_HELD_OUT = flags.DEFINE_integer("held_out", 16, "As config.data.held_out: people for the test.", lower_bound=0)
_OUTPUT = flags.DEFINE_string("output", None, "A folder for a contact sheet.")
_BEAM = flags.DEFINE_list("beam", [], "Build with Apache Beam: its options without dashes, the runner among them.")
_JUDGES = flags.DEFINE_string("judges", None, "The folder with the judge networks.")


def main() -> None:
    """Reads the flags, looks, prints what was found."""
    from cdaae_jax.errors import UserError

    if not _DATA.value:
        raise UserError("--data is missing; write --data=faces.csv, --data=FOLDER or --data=tfds:rafd, see --help")

    from cdaae_jax.data import dataset as datasets
    from cdaae_jax.data import inspecting

    embed, same_person = None, 0.0
    if _JUDGES.value:
        from cdaae_jax.evaluation.judges import face_api

        embed = face_api.IdentityJudge.load(_JUDGES.value).embed
        same_person = face_api.SAME_PERSON_DISTANCE
    root = datasets.root(_DATA_DIR.value)
    if _BEAM.value:
        from cdaae_jax.data import manifests, tfds_source

        for spec in _DATA.value:
            if spec.startswith(manifests.TFDS_PREFIX):
                tfds_source.build(spec.removeprefix(manifests.TFDS_PREFIX), root, _BEAM.value)
    output = pathlib.Path(_OUTPUT.value) if _OUTPUT.value else None
    found = inspecting.inspect(_DATA.value, root, _LABEL_KIND.value, _HELD_OUT.value, output, embed, same_person)
    print(found)
    if output:
        print(f"look at {output / inspecting.SHEET}" + (f" and {inspecting.COPIES}" if found.copies else ""))


def run() -> None:
    """The console script `cdaae-inspect`."""
    program.run(main, __name__)
