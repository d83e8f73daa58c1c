"""What was built: examples by id, the report, and the bytes of the records."""

import json
import pathlib


def examples(builder) -> dict[str, dict]:
    return {each["id"].decode(): each for each in builder.as_data_source(split="all")}


def report(builder) -> dict:
    return json.loads((pathlib.Path(builder.data_dir) / "build_report.json").read_text())


def left_out(builder) -> dict[str, str]:
    return {each["file"]: each["why"] for each in report(builder)["files_left_out"]}


def contents(builder) -> dict[str, bytes]:
    folder = pathlib.Path(builder.data_dir)
    names = ("build_report.json", "features.json")
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if "array_record" in path.name or path.name in names
    }
