"""A TFDS set of any size with tiny made-up pictures, so that what a large set costs can be measured."""

import dataclasses
import io
from collections.abc import Iterator

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

EXPRESSIONS = ("neutral", "happy", "sad", "surprised", "fearful", "disgusted", "angry", "contemptuous")
PHOTOS = 20  # of each person
SIDE = 32
_PICTURES = 512  # as many different ones; they come again and again


@dataclasses.dataclass(kw_only=True)
class Size(tfds.core.BuilderConfig):
    """How many records."""

    records: int = 0


def config_of(name: str, options: dict[str, str]) -> Size:
    """Returns the configuration of "tfds:generated_faces?records=1000000"."""
    records = int(options["records"])
    return Size(name=f"n{records}", records=records)


class GeneratedFaces(tfds.core.GeneratorBasedBuilder):
    """Pictures of made-up people in array_record shards, 20 of each; the last person has what is left."""

    VERSION = tfds.core.Version("1.0.0")

    def __init__(self, *, file_format: str | None = None, **kwargs):
        """Takes TFDS's arguments."""
        super().__init__(file_format=file_format or "array_record", **kwargs)

    def _info(self) -> tfds.core.DatasetInfo:
        image = tfds.features.Image(shape=(SIDE, SIDE, 3), dtype=np.uint8, encoding_format="jpeg")
        text = {name: tfds.features.Text() for name in ("subject", "expression")}
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict({"image": image, **text}), disable_shuffling=True
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        return {"full": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict]]:
        pictures = [_jpeg(k) for k in range(_PICTURES)]
        for i in range(self.builder_config.records):
            yield (
                i,
                {
                    "image": pictures[i * 7 % _PICTURES],
                    "subject": f"p{i // PHOTOS:07d}",
                    "expression": EXPRESSIONS[i % len(EXPRESSIONS)],
                },
            )


def _jpeg(seed: int) -> bytes:
    blocks = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(blocks).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(file, "JPEG", quality=80)
    return file.getvalue()
