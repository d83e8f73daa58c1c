"""The TFDS builder of the Face Research Lab London Set: the same people neutral and smiling, eyes aligned.

Importing this module registers `tfds.builder("frl_london")`. No TensorFlow is needed to build or to read. The
README next to this file says what the set is, where it comes from and what was not verified.
"""

import io
import pathlib
from collections.abc import Iterator

import numpy as np
import tensorflow_datasets as tfds

from cdaae_jax.data import alignment, registration
from cdaae_jax.data.frl_london import landmarks, pictures
from cdaae_jax.errors import UserError

# The files as published: figshare 10.6084/m9.figshare.5047666, version 5.
URLS = {
    "people": "https://ndownloader.figshare.com/files/27397184",
    "neutral": "https://ndownloader.figshare.com/files/8541961",
    "smiling": "https://ndownloader.figshare.com/files/8541964",
}

# The only split. TFDS reserves the name "all" for all splits together, so split="all" reads it too.
SPLIT = "full"


class FrlLondon(tfds.core.GeneratorBasedBuilder):
    """Builds and reads `frl_london`; one split, because the project splits by person when it reads."""

    VERSION = tfds.core.Version("1.1.0")
    RELEASE_NOTES = {
        "1.0.0": "Neutral and smiling front views, pupils at x 0.34 and 0.66, y 0.38 of 256x256.",
        "1.1.0": "With landmarks, where they are known; the pictures are the same.",
    }
    # TFDS hands out the manual folder only if this is set; without a folder the set is downloaded.
    MANUAL_DOWNLOAD_INSTRUCTIONS = f"Optional, the set downloads by itself; a folder must hold {pictures.LAYOUTS}."

    def __init__(self, *, file_format: str | None = None, **kwargs):
        """Takes TFDS's arguments; records are array_record by default, which needs no TensorFlow."""
        super().__init__(file_format=file_format or "array_record", **kwargs)

    def download_and_prepare(self, *, download_config: tfds.download.DownloadConfig | None = None, **kwargs) -> None:
        """Writes the records, as TFDS does.

        Raises:
          UserError: files are missing or cannot be read.
        """
        # TFDS treats a folder that does not exist as if none was named, and would start to download.
        if download_config and download_config.manual_dir:
            folder = pathlib.Path(download_config.manual_dir).expanduser()
            if not pictures.holds_the_set(folder):
                raise UserError(
                    f"{folder} does not hold the London set: expected {pictures.LAYOUTS}; correct "
                    "manual_dir, or leave it out to download the set."
                )
        super().download_and_prepare(download_config=download_config, **kwargs)

    def _info(self) -> tfds.core.DatasetInfo:
        side = alignment.SIZE
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(side, side, 3), dtype=np.uint8, encoding_format="jpeg"),
                    "subject": tfds.features.Text(),
                    "expression": tfds.features.Text(),
                    "age": tfds.features.Scalar(np.int32, doc=f"Years; {pictures.UNKNOWN_AGE} where unknown."),
                    "gender": tfds.features.Text(),
                    "ethnicity": tfds.features.Text(),
                    "landmarks": tfds.features.Tensor(
                        shape=(registration.NUM_POINTS, 2),
                        dtype=np.float32,
                        doc="MediaPipe's, (x, y) in sides of the picture; not a number where they are not known.",
                    ),
                    "id": tfds.features.Text(),
                }
            ),
            homepage="https://doi.org/10.6084/m9.figshare.5047666.v5",
            license="CC BY 4.0",
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        try:
            folder = pathlib.Path(dl_manager.manual_dir)
        except AssertionError:  # this is how TFDS says that there is no such folder, or nothing in it
            folder = None
        # All TFDS data sets share the default manual folder, so it may hold only others.
        if folder and pictures.holds_the_set(folder):
            return {SPLIT: self._generate_examples(pictures.from_folder(folder))}
        paths = _download(dl_manager)
        return {SPLIT: self._generate_examples(pictures.original_pictures(paths.pop("people"), paths))}

    def _generate_examples(self, found: list[pictures.Picture]) -> Iterator[tuple[str, dict]]:
        for picture in found:
            image = picture.jpeg()
            yield (
                picture.name,
                {
                    "image": image,
                    "landmarks": (
                        landmarks.found_in(image)
                        if isinstance(image, io.BytesIO)
                        else landmarks.of_aligned(pathlib.Path(image))
                    ),
                    "subject": picture.subject,
                    "expression": pictures.EXPRESSIONS[picture.expression],
                    "age": picture.age,
                    "gender": picture.gender,
                    "ethnicity": picture.ethnicity,
                    "id": picture.name,
                },
            )


def _download(dl_manager: tfds.download.DownloadManager) -> dict[str, pathlib.Path]:
    try:
        return {name: pathlib.Path(path) for name, path in dl_manager.download(URLS).items()}
    except Exception as error:  # TFDS has no common class for failures of network, server and checksum
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"The London set could not be downloaded ({reason}); try again, or fetch "
            f"{', '.join(URLS.values())} with a browser and name their folder as manual_dir, which must hold "
            f"{pictures.LAYOUTS}."
        ) from error
