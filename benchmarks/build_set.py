"""Pictures a second that a builder of a public set aligns and writes, and the memory it takes as the set grows.

python -m benchmarks.build_set --files=20000 --output=build_set.json

The files bear the names of ManyFaces and show drawn faces, each a little brighter or darker than the next. The networks
find the faces (extra `photo`); --aligner=middle takes the middle of each picture, which leaves reading, resampling,
journal and writing. Memory is resident memory, of the building process and of its workers together, sampled while it
works; `grown_mib` is how much more the building process holds at the end of the aligning than when a quarter was done.
"""

import dataclasses
import io
import logging
import multiprocessing
import os
import pathlib
import tempfile
import threading
import time

import numpy as np
from PIL import Image

from benchmarks import flags, report
from cdaae_jax import images
from cdaae_jax.data.aligning import Aligned
from cdaae_jax.data.journal import NAME as JOURNAL

_CODES = {"ang": "angry", "dis": "disgusted", "fea": "fearful", "hap": "happy", "neu": "neutral", "sad": "sad"}
_EACH = 2 * len(_CODES)  # files of a person
_DRAWN = 8  # people who are drawn; the others are these, lighter or darker
_EVERY = 0.5  # seconds between two looks at the memory
_MIB = 2**20


def main() -> None:
    parser = flags.parser(__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--side", type=int, default=128, help="pixels of the files")
    parser.add_argument("--size", type=int, default=128, help="pixels of the aligned pictures")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--aligner", choices=("face", "middle"), default="face")
    given = parser.parse_args()
    logging.getLogger("absl").setLevel(logging.ERROR)

    import tensorflow_datasets as tfds

    from cdaae_jax.data.manyfaces import manyfaces_dataset_builder as manyfaces

    if given.aligner == "middle":
        manyfaces.Manyfaces.load_aligner = staticmethod(load_middle)
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        # In another process, as drawing takes memory too.
        drawing = multiprocessing.get_context("spawn").Process(
            target=_write, args=(place / "published", given.files, given.side)
        )
        drawing.start()
        drawing.join()
        config = manyfaces.ManyfacesConfig(size=given.size)
        builder = manyfaces.Manyfaces(data_dir=place / "tfds", config=config, workers=given.workers)
        journal = place / "tfds" / "manyfaces" / config.name / f".building-{builder.version}" / JOURNAL
        with _Watch(journal) as watch:
            builder.download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=place / "published"))
        built = sum(split.num_examples for split in builder.info.splits.values())
    result = watch.result(given.files)
    content = vars(given) | {"built": built, **result}
    del content["output"]
    report.print_table(
        f"{built} of {given.files} files, {given.side} px, {given.workers} workers, aligner: {given.aligner}",
        ("pictures/s", "aligning s", "whole s", "process MiB", "grown MiB", "workers MiB"),
        [[result[name] for name in
          ("pictures_per_second", "aligning_seconds", "seconds", "process_mib", "grown_mib", "workers_mib")]],
    )  # fmt: skip
    report.write_json(given.output, content)


def load_middle(geometry):
    """Returns an aligner without networks."""
    return middle


def middle(photo: np.ndarray, size: int) -> Aligned:
    """Returns the photo's middle, and made-up landmarks."""
    return Aligned(images.fit(photo, size), np.full((478, 2), 0.5), float(len(photo)), np.zeros(52, np.float32))


@dataclasses.dataclass
class _Look:
    seconds: float
    done: int
    process: float
    workers: float


class _Watch:
    """Looks at journal and memory while the block runs."""

    def __init__(self, journal: pathlib.Path):
        self._journal, self._looks, self._over = journal, [], threading.Event()
        self._done, self._place = 0, 0

    def __enter__(self):
        self._began = time.perf_counter()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        self._seconds = time.perf_counter() - self._began

    def result(self, files: int) -> dict[str, float]:
        # A small set may be aligned between two looks.
        aligning = [look for look in self._looks if look.done] or [_Look(self._seconds, files, *_memory())]
        first, last = aligning[0], next(look for look in aligning if look.done == aligning[-1].done)
        quarter = next((look for look in aligning if look.done >= files / 4), last)
        seen = last.seconds - first.seconds
        return {
            "pictures_per_second": (last.done - first.done) / seen if seen else files / self._seconds,
            "aligning_seconds": last.seconds,
            "seconds": self._seconds,
            "process_mib": max(look.process for look in aligning),
            "grown_mib": last.process - quarter.process,
            "workers_mib": max(look.workers for look in aligning),
        }

    def _look(self) -> None:
        while not self._over.wait(_EVERY if self._looks else 0.0):
            done = self._count()
            if done is not None:
                own, workers = _memory()
                self._looks.append(_Look(time.perf_counter() - self._began, done, own, workers))

    def _count(self) -> int | None:
        """Returns the number of pictures in the journal; None once it does not grow any more, after the aligning."""
        try:
            with self._journal.open("rb") as file:
                file.seek(self._place)
                new = file.read()
        except FileNotFoundError:
            return None if self._done else 0
        self._place += len(new)
        self._done += new.count(b"\n")
        return self._done


def _memory() -> tuple[float, float]:
    """Returns the resident MiB of this process and of its children."""
    page, own, children = os.sysconf("SC_PAGE_SIZE"), 0.0, 0.0
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            resident = int((process / "statm").read_text().split()[1]) * page / _MIB
        except (OSError, IndexError):  # it has ended
            continue
        own += resident * (int(process.name) == os.getpid())
        children += resident * (parent == os.getpid())
    return own, children


def _write(folder: pathlib.Path, files: int, side: int) -> None:
    from cdaae_jax.data.synthetic_faces.portraits import subject_id
    from cdaae_jax.data.synthetic_faces.truth import truth_batch
    from cdaae_jax.labels import EMOTIONS, LabelSpace

    wanted = [(person, code) for person in range(_DRAWN) for code in _CODES]
    faces = truth_batch(
        [subject_id(person) for person, _ in wanted], [_CODES[code] for _, code in wanted], side,
        LabelSpace("emotion", EMOTIONS),
    )  # fmt: skip
    drawn = dict(zip(wanted, faces.astype(np.float32), strict=True))
    folder.mkdir(parents=True)
    for number in range(files):
        person, (appearance, code) = number // _EACH, divmod(number % _EACH, len(_CODES))
        code = list(_CODES)[code]
        picture = drawn[person % _DRAWN, code] * (0.8 + 0.2 * (number % 997) / 997)
        stream = io.BytesIO()
        Image.fromarray(picture.astype(np.uint8)).save(stream, "JPEG", quality=90)
        name = f"MF{person // 1000 + 1:04d}_{person % 1000:04d}_{('std', 'unstd')[appearance]}_{code}_0.jpg"
        (folder / name).write_bytes(stream.getvalue())


if __name__ == "__main__":
    main()
