"""What was built: examples by id, the report, and all that was written."""

import json
import pathlib

from tensorflow_datasets.proto import tf_example_pb2


def examples(builder) -> dict[str, dict]:
    return {each["id"].decode(): each for each in builder.as_data_source(split="all")}


def report(builder) -> dict:
    return json.loads((pathlib.Path(builder.data_dir) / "build_report.json").read_text())


def left_out(builder) -> dict[str, str]:
    return {each["file"]: each["why"] for each in report(builder)["files_left_out"]}


def contents(builder) -> dict[str, object]:
    """Everything that was written; of records the fields, as protobuf serialises them in another order each time."""
    folder = pathlib.Path(builder.data_dir)
    records = builder.as_data_source(split="all").data_source
    written = {path.name: path.read_bytes() for path in folder.glob("*.json") if path.name != "dataset_info.json"}
    return written | {f"record {i}": tf_example_pb2.Example.FromString(records[i]) for i in range(len(records))}
