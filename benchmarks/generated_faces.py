"""A TFDS set of any size with tiny made-up pictures, so that what a large set costs can be measured."""

import io
from collections.abc import Iterator

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

EXPRESSIONS = ("neutral", "happy", "sad", "surprised", "fearful", "disgusted", "angry", "contemptuous")
PHOTOS = 20  # of each person
SIDE = 32
_PICTURES = 512  # as many different ones; they come again and again


class GeneratedFaces(tfds.core.GeneratorBasedBuilder):
    """`records` pictures of 20 a person, in array_record shards; the last person has what is left."""

    VERSION = tfds.core.Version("1.0.0")

    def __init__(self, *, records: int, **kwargs):
        """Takes the number of records and TFDS's arguments."""
        self._records = records
        super().__init__(config=tfds.core.BuilderConfig(name=f"n{records}"), file_format="array_record", **kwargs)

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
        for i in range(self._records):
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
