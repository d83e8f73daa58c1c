"""The TFDS builder of the synthetic faces: people who do not exist, drawn here, nothing downloaded.

Importing this module registers `tfds.builder("synthetic_faces/64")` and "/128", the default set at two sizes. Other
sizes, people and numbers of pictures are `SyntheticFaces(config=FacesConfig(...))`, or options behind the name
where the project names a data set (`config_of`). No TensorFlow is needed to build or to read.
"""

import dataclasses
import functools
import io
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

from cdaae_jax.data.synthetic_faces import renderer
from cdaae_jax.data.synthetic_faces.identity import stack
from cdaae_jax.data.synthetic_faces.portraits import MAX_PERSON, portraits, subject_id
from cdaae_jax.errors import UserError
from cdaae_jax.labels import nearest

DEFAULT_SIZE = 64
# The fewest people that leave one for each split, and the share for validation and again for testing: 16 of 120.
MIN_PEOPLE = 3
HELD_OUT_SHARE = 16 / 120
MAX_AU_PICTURES = 100


@dataclasses.dataclass(eq=False)
class FacesConfig(tfds.core.BuilderConfig):
    """What to draw.

    Attributes:
      name: leave it out; it is made of the rest, e.g. "64" for the default set and "128-people1000".
      size: side of the pictures in pixels, 16..512.
      people: how many, 3 or more.
      seed: number of the first person; the others follow on, so that sets with seeds 0 and 120 share nobody.
      au_pictures: AU vectors per person, 0..100, beside the eight emotions.

    Raises:
      UserError: a number is out of range.
    """

    name: str = ""
    size: int = DEFAULT_SIZE
    people: int = 120
    seed: int = 0
    au_pictures: int = 24

    def __post_init__(self):
        allowed = {
            "size": (renderer.MIN_SIZE, renderer.MAX_SIZE),
            "people": (MIN_PEOPLE, MAX_PERSON + 1),
            "seed": (0, MAX_PERSON),
            "au_pictures": (0, MAX_AU_PICTURES),
        }
        for option, (least, most) in allowed.items():
            value = getattr(self, option)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                raise UserError(f"synthetic_faces: {option} is {value!r}; use a whole number from {least} to {most}")
        if self.seed + self.people > MAX_PERSON + 1:
            raise UserError(
                f"synthetic_faces: {self.people} people from number {self.seed} on go past the last, {MAX_PERSON}; "
                "use a smaller seed"
            )
        # Different sets must not share a folder, so the name is not the caller's choice.
        changed = [
            f"-{field.name}{getattr(self, field.name)}"
            for field in dataclasses.fields(FacesConfig)
            if field.name in ("people", "seed", "au_pictures") and getattr(self, field.name) != field.default
        ]
        self.name = f"{self.size}{''.join(changed)}"
        self.description = f"{self.people} people, {8 + self.au_pictures} pictures each, {self.size}x{self.size} pixels"

    def split_people(self) -> dict[str, range]:
        """Returns the numbers of the people of each split: training first, testing last, as their ids sort."""
        held_out = max(1, round(self.people * HELD_OUT_SHARE))
        end = self.seed + self.people
        return {
            "train": range(self.seed, end - 2 * held_out),
            "validation": range(end - 2 * held_out, end - held_out),
            "test": range(end - held_out, end),
        }


class SyntheticFaces(tfds.core.GeneratorBasedBuilder):
    """Draws and reads `synthetic_faces`; each person is in one split only."""

    # Increase it whenever the renderer's pictures change, or sets that were built before would differ from `truth`.
    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Eight emotions and 24 AU vectors of 120 people."}
    BUILDER_CONFIGS = [FacesConfig(size=64), FacesConfig(size=128)]

    def __init__(self, *, file_format: str | None = None, **kwargs):
        """Takes TFDS's arguments; records are array_record by default, which needs no TensorFlow."""
        super().__init__(file_format=file_format or "array_record", **kwargs)

    def _info(self) -> tfds.core.DatasetInfo:
        size = self.builder_config.size
        unit = functools.partial(tfds.features.Scalar, np.float32, doc="FACS intensity 0..5.")
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(size, size, 3), dtype=np.uint8, encoding_format="png"),
                    "subject": tfds.features.Text(),
                    "expression": tfds.features.Text(),
                    "aus": {name: unit() for name in renderer.AU_NAMES},
                    "seed": tfds.features.Scalar(np.int32, doc="What renderer.sample_identity draws the person from."),
                    "id": tfds.features.Text(),
                }
            ),
            license="Apache-2.0",
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        return {name: self._generate_examples(people) for name, people in self.builder_config.split_people().items()}

    def _generate_examples(self, people: range) -> Iterator[tuple[str, dict]]:
        for person in people:
            shown = portraits(person, self.builder_config.au_pictures)
            identities = stack([renderer.sample_identity(person)] * len(shown))
            pictures = renderer.render_batch(
                identities, np.stack([portrait.aus for portrait in shown]), self.builder_config.size
            )
            for portrait, picture in zip(shown, pictures, strict=True):
                name = f"{subject_id(person)}_{portrait.name}"
                yield (
                    name,
                    {
                        "image": _png(picture),
                        "subject": subject_id(person),
                        "expression": portrait.expression,
                        "aus": dict(zip(renderer.AU_NAMES, portrait.aus, strict=True)),
                        "seed": person,
                        "id": name,
                    },
                )


def config_of(name: str, options: Mapping[str, str]) -> FacesConfig:
    """Returns the configuration that "tfds:synthetic_faces/NAME?OPTION=VALUE&..." stands for.

    Args:
      name: the side of the pictures in pixels, "" for 64.
      options: people, seed and au_pictures as text; see `FacesConfig`.

    Raises:
      UserError: an option does not exist, or a value is not a whole number or out of range.
    """
    known = ("people", "seed", "au_pictures")
    for option in options:
        if option not in known:
            hint = "; the size stands behind a slash: synthetic_faces/128" if option == "size" else ""
            raise UserError(
                f"synthetic_faces has no option {option!r}; known: {', '.join(nearest(option, known))}{hint}"
            )
    texts = {"size": name or str(DEFAULT_SIZE), **options}
    for option, text in texts.items():
        if not (text.isascii() and text.isdigit()):
            raise UserError(
                f"synthetic_faces: {option} is {text!r}; use a whole number, as in synthetic_faces/64?people=40"
            )
    numbers: dict[str, Any] = {option: int(text) for option, text in texts.items()}
    config = FacesConfig(**numbers)
    # For a name that TFDS knows, it accepts only its own object.
    return SyntheticFaces.builder_configs.get(config.name, config)


def _png(picture: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()
