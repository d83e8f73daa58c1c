"""How good the synthetic faces are, judged by networks that have seen real people only.

    pip install '.[photo]' && make judges
    python -m studies.face_quality --judges=runs/judges --people=50 --size=128 --output=FILE.json

prints a table and writes everything to FILE.json. A quick look (a minute): --people=12 --pictures=100. One part
alone: --only=found, identity (with the expressions), action_units or speed.

  found         a face is found (MediaPipe face landmarker) in random pictures: half of them random emotions at
                0.3 to 1, half 1 to 4 random action units at 0.5 to 5, each of another person
  identity      people x 8 emotions, distances of dlib's embeddings: how often two expressions of one person are
                nearer than pictures of two people (area under ROC, all pairs); and the same against neutral
                pictures in somebody else's light and room
  expression    the same pictures read by face-api's classifier, which knows seven of the emotions
  action_units  the 12 action units of DISFA from 0 to 5 one at a time: the mean landmark read-out
                (cdaae_jax/evaluation/judges/landmark_readouts.py) must rise at every step; beside it the
                blendshape that stands for it, Spearman's correlation of read-out minus the person's own neutral
                with the intensity, and the share of people for whom each step rises
  speed         pictures a second at 64 px, in batches, after compilation

The thresholds are the project's own aims. The judges' training data is not documented.
"""

import argparse
import importlib.metadata
import json
import pathlib
import platform
import sys

import cdaae_jax
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.judges import face_api, landmarks
from cdaae_jax.files import write_text
from studies import face_judgements

PARTS = ("found", "identity", "action_units", "speed")
LIBRARIES = ("jax", "jaxlib", "numpy", "pillow", "ai-edge-litert")

MIN_FOUND = 0.98
MIN_IDENTITY = 0.98
# "Well above chance" of the aims, made a number: twice the chance of one class in seven.
MIN_RECALL = {"happy": 0.8, "surprised": 0.8, "neutral": 0.7} | dict.fromkeys(
    ("sad", "angry", "disgusted", "fearful"), 2 / 7
)
MIN_MONOTONE = 9
MIN_SPEED = 100.0


def checks(report):
    """(what, measured, at least, reached) for every aim whose part was run."""
    rows = []
    if "found" in report:
        rows.append(("a face is found", report["found"]["rate"], MIN_FOUND))
    if "identity" in report:
        rows.append(("identity AUC", report["identity"]["auc"], MIN_IDENTITY))
        recall = report["expression"]["recall"]
        rows += [(f"{emotion} read as such", recall[emotion], aim) for emotion, aim in MIN_RECALL.items()]
    if "action_units" in report:
        monotone = sum(result["landmarks"]["monotone"] for result in report["action_units"].values())
        rows.append(("action units that rise at every step", monotone, MIN_MONOTONE))
    if "speed" in report:
        rows.append(("pictures a second at 64 px", report["speed"]["pictures_a_second"], MIN_SPEED))
    return [
        {"what": what, "measured": float(measured), "at_least": aim, "reached": bool(measured >= aim)}
        for what, measured, aim in rows
    ]


def as_text(report):
    """The tables that are printed."""
    lines = []
    if "found" in report:
        found = report["found"]
        lines.append(
            f"pupils at {found['mean_pupils']}, spread {found['pupils_spread']}; missed {len(found['missed'])}"
        )
    if "identity" in report:
        identity = report["identity"]
        lines.append("identity: " + ", ".join(f"{key} {value:.3f}" for key, value in identity.items()))
        lines.append(f"\n{'asked, read':>14}" + "".join(f"{name:>11}" for name in face_api.EXPRESSIONS))
        for emotion, shares in report["expression"]["confusion"].items():
            lines.append(f"{emotion:>14}" + "".join(f"{share:11.2f}" for share in shares.values()))
    if "action_units" in report:
        lines.append(f"\n{'':>22}{'change of the read-out at 1 to 5':>40}  rises  spearman  people rising")
        for name, result in report["action_units"].items():
            for kind, values in (("landmarks", result["landmarks"]), *_blendshape(result)):
                if values["spearman"] is None:
                    lines.append(f"{name:>5} {kind:>16}  nothing moves, or no face was found")
                    continue
                change = "".join(f"{mean - values['means'][0]:8.3f}" for mean in values["means"][1:])
                verdict = "yes" if values["monotone"] else "NO"
                lines.append(
                    f"{name:>5} {kind:>16}{change:>40}{verdict:>7}"
                    f"{values['spearman']:10.2f}{values['people_monotone']:15.2f}"
                )
    lines.append(f"\n{'':>40}{'measured':>10}{'at least':>10}")
    for check in report["checks"]:
        verdict = "reached" if check["reached"] else "NOT REACHED"
        lines.append(f"{check['what']:>40}{check['measured']:10.3f}{check['at_least']:10.3f}  {verdict}")
    return "\n".join(lines)


def _blendshape(result):
    return [(result["blendshape"]["name"], result["blendshape"])] if "blendshape" in result else []


def main(arguments=None):
    """Reads the flags, judges, writes the JSON file and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judges", required=True, help="the folder that `make judges` filled")
    parser.add_argument("--people", type=int, default=50, help="people for identity and expression")
    parser.add_argument("--au_people", type=int, default=24, help="people for the action units")
    parser.add_argument("--pictures", type=int, default=500, help="random pictures in which a face is searched for")
    parser.add_argument("--size", type=int, default=128, help="side of the pictures judged")
    parser.add_argument("--seed", type=int, default=0, help="other people and other random pictures")
    parser.add_argument("--only", choices=PARTS, action="append", help="leave out the other parts; may be repeated")
    parser.add_argument("--output", required=True, help="the JSON file to write")
    args = parser.parse_args(arguments)
    parts = args.only or PARTS
    try:
        landmarker = landmarks.Landmarker.load(args.judges)
        identity, expression = face_api.IdentityJudge.load(args.judges), face_api.ExpressionJudge.load(args.judges)
        report = {"arguments": vars(args), "versions": versions()}
        if "found" in parts:
            report["found"] = face_judgements.judge_found(landmarker, args)
        if "identity" in parts:
            pictures, who, what = face_judgements.people_with_emotions(args)
            report["identity"] = face_judgements.judge_identity(
                identity, pictures, who, face_judgements.people_relit(args)
            )
            report["expression"] = face_judgements.judge_expression(expression, pictures, what)
        if "action_units" in parts:
            report["action_units"] = face_judgements.judge_action_units(landmarker, args)
        if "speed" in parts:
            report["speed"] = face_judgements.measure_speed()
        report["checks"] = checks(report)
        print(as_text(report))
        write_text(pathlib.Path(args.output), json.dumps(report, indent=1, allow_nan=False) + "\n")
    except UserError as error:
        print(f"face_quality: {error}", file=sys.stderr)
        return 2
    return 0


def versions():
    """The versions of what the figures depend on."""
    own = {"python": platform.python_version(), "cdaae_jax": cdaae_jax.__version__}
    return own | {name: importlib.metadata.version(name) for name in LIBRARIES}


if __name__ == "__main__":
    sys.exit(main())
