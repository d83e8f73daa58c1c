"""The model card: `card.md` beside this file, filled from what meta.json says. Its head is what the hub reads."""

import pathlib
import string
from typing import Any

_TEMPLATE = pathlib.Path(__file__).with_name("card.md")
_TAGS = ("jax", "flax", "face", "facial-expression", "image-editing")

_USE_MODEL = """\
```python
import cdaae_jax

sampler = cdaae_jax.Sampler.from_pretrained("{name}")    # or the folder that this card lies in
edited = sampler.edit(photo, "{example}")    # uint8 [H, W, 3] -> uint8 [{size}, {size}, 3]
change = sampler.change(photo, "{example}")    # the edit as a value: change.apply(photo of any size, amount=0.7)
```

The face must be upright and cropped as in training{alignment}."""

_EXPRESSIONS = {
    "emotion": "Each emotion is shown in one way, that of the data set; people show the same emotion in many ways.",
    "au": "Intensities are instructions in the units of FACS (0 to 5); no human coder has checked the results.",
}


def of_model(meta: dict[str, Any], results: str) -> str:
    """Returns the card of exported weights.

    Args:
      meta: what meta.json holds.
      results: a table in Markdown; empty says how to make one.
    """
    example = "happy" if "happy" in meta["labels"]["names"] else meta["labels"]["names"][-1]
    use = _USE_MODEL.format(name=meta["name"], example=example, size=meta["picture_size"], alignment=_alignment(meta))
    stored = meta["weights"]
    facts = [f"weights stored as {stored['dtype']}, SHA-256 `{stored['sha256']}`"]
    if stored["dtype"] == "float16":
        facts.append(
            f"half precision: edits are at most {stored['grey_levels_from_float32']} of 255 grey levels from float32's"
        )
    return _fill(meta, use, facts, results, ("safetensors",))


def of_programs(meta: dict[str, Any], use: str, tag: str) -> str:
    """Returns the card of exported programs.

    Args:
      meta: what meta.json holds.
      use: how to run them, in Markdown.
      tag: of the format.
    """
    facts = [f"`{file}`, SHA-256 `{what['sha256']}`" for file, what in meta["files"].items()]
    return _fill(meta, use, facts, "", (tag,))


def _fill(meta: dict[str, Any], use: str, facts: list[str], results: str, tags: tuple[str, ...]) -> str:
    model, versions = meta["config"]["model"], meta["versions"]
    facts = [
        f"`{model['name']}`, which sees photos at {meta['network_size']} px; trained on pictures of "
        f"{meta['picture_size']} px for {meta['step']} steps{_origin(meta)}; its changes are applied at any size",
        *_gains(meta),
        "written by " + ", ".join(f"{name} {version}" for name, version in versions.items()),
        *facts,
    ]
    return string.Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        name=meta["name"],
        licence=meta["licence"],
        tags=", ".join((*_TAGS, *tags)),
        use=use,
        labels=_labels(meta["labels"]),
        facts="\n".join(f"- {fact}" for fact in facts),
        people=_people(meta["people"]),
        manifests=", ".join(f"`{manifest}`" for manifest in meta["config"]["data"]["manifests"]) or "no manifest",
        fingerprint=meta["fingerprint"][:16],
        attribution=meta["attribution"] or "Nobody has said here who made these pictures and under which licence.",
        results=results or _no_results(meta["name"]),
        expressions=_EXPRESSIONS[meta["labels"]["kind"]],
        licence_text=_licence(meta),
        citations="\n".join(f"- {citation}" for citation in meta["citations"]),
    )


def _labels(labels: dict[str, Any]) -> str:
    unit = "0 to 1.5, 1 is the full expression" if labels["kind"] == "emotion" else "FACS intensities, 0 to 5"
    return f"{', '.join(labels['names'])} ({unit}), and combinations of them"


def _people(people: dict[str, list[str]]) -> str:
    return (
        f"{len(people['train'])} people; {len(people['validation'])} others were kept apart to choose settings, and "
        f"{len(people['test'])} to judge the result."
    )


def _origin(meta: dict[str, Any]) -> str:
    """Returns where the training started from, to follow the number of its steps."""
    origin = meta.get("origin")
    return f", starting from step {origin['step']} of another training ({origin['checkpoint']})" if origin else ""


def _gains(meta: dict[str, Any]) -> list[str]:
    """Returns what was done to the weights after training."""
    gains = {"colour shift": meta.get("shift_gain") or 1, "flow": meta.get("flow_gain") or 1}
    gains |= {f"label {name}": gain for name, gain in (meta.get("label_gains") or {}).items()}
    return [f"its {name} is {gain:.4g} times as strong as after training" for name, gain in gains.items() if gain != 1]


def _alignment(meta: dict[str, Any]) -> str:
    where = meta.get("alignment")
    if not where:
        return ""
    return (
        f": pupils at x {where['left_eye_x']:g} and {where['right_eye_x']:g}, y {where['eyes_y']:g} of the square "
        "(`cdaae_jax.data.alignment.align`)"
    )


def _no_results(name: str) -> str:
    return f"None are given here. `cdaae-evaluate --checkpoint={name} --output=report` measures them."


def _licence(meta: dict[str, Any]) -> str:
    if meta["licence"] == "other":
        return "None is stated. Ask whoever gave you this model, and mind the licence of the training pictures."
    return f"The weights: {meta['licence']}. The code that runs them, cdaae_jax: Apache-2.0."
