"""Where the time of editing a photo of 12 megapixels goes, and how much memory it takes.

python -m benchmarks.edit_photo --checkpoint=runs/emotion --photo=portrait.jpg --output=edit_photo.json

The photo, any size, is laid on a canvas of 4,000 x 3,000 pixels so that its face has the size asked for, and saved as a
JPEG file of quality 92. The first edit compiles; the others are measured, and the median is reported. `peak` is the
most memory that the process ever held (Linux).
"""

import argparse
import io
import pathlib
import time

import numpy as np
from PIL import Image

from benchmarks import report
from cdaae_jax import memory
from cdaae_jax.photos import editing, formats
from cdaae_jax.photos.editing import aligned_face
from cdaae_jax.photos.region import apply_to_face
from cdaae_jax.sampling import Sampler

CANVAS = (4000, 3000)


def main() -> None:
    memory.keep()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("checkpoint", "photo", "output"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--eyes", type=int, default=300, help="pixels between the pupils")
    parser.add_argument("--label", default="happy")
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()

    started = time.perf_counter()
    sampler, finder = Sampler.from_checkpoint(given.checkpoint), editing.shared_finder()
    loading = time.perf_counter() - started
    before = _peak_mib()
    content = photo_of(given.photo, finder, given.eyes)
    runs = [stages(sampler, finder, content, given.label) for _ in range(1 + given.repeats)]
    first, later = runs[0], runs[1:]
    medians = {name: float(np.median([run[name] for run in later])) for name in first}
    result = {
        "pixels_between_pupils": given.eyes,
        "file_bytes": len(content),
        "loading_seconds": loading,
        "first_seconds": sum(first.values()),
        "seconds": sum(medians.values()),
        "stages": medians,
        "first_stages": first,
        "loaded_mib": before,
        "peak_mib": _peak_mib(),
    }
    report.print_table(
        f"a photo of 12 megapixels, {given.eyes} pixels between the pupils",
        ("stage", "seconds", "the first time"),
        [[name, medians[name], first[name]] for name in first] + [["all", result["seconds"], result["first_seconds"]]],
    )
    print(f"peak memory {result['peak_mib']:.0f} MiB, {before:.0f} when all was loaded")
    report.write_json(given.output, result)


def photo_of(path: pathlib.Path, finder, eyes: int) -> bytes:
    """A JPEG file of 12 megapixels in which the photo's face has that many pixels between the pupils."""
    photo = formats.open_photo(path)
    (face,) = editing.chosen_faces(finder, photo.pixels, "largest", photo.name)
    scale = eyes / float(np.hypot(*np.subtract(*face.eyes)))
    large = Image.fromarray(photo.pixels)
    large = large.resize((round(large.width * scale), round(large.height * scale)), Image.Resampling.BICUBIC)
    middle = np.mean(face.eyes, axis=0) * scale
    canvas = Image.fromarray(np.random.default_rng(0).integers(90, 130, (CANVAS[1], CANVAS[0], 3), np.uint8))
    canvas.paste(large, (round(CANVAS[0] * 0.5 - middle[0]), round(CANVAS[1] * 0.45 - middle[1])))
    file = io.BytesIO()
    canvas.save(file, "JPEG", quality=92)
    return file.getvalue()


def stages(sampler: Sampler, finder, content: bytes, label: str) -> dict[str, float]:
    """Seconds of each stage of `Sampler.edit_photo`, which does the same in one call."""
    seconds, last = {}, time.perf_counter()

    def lap(name: str) -> None:
        nonlocal last
        now = time.perf_counter()
        seconds[name], last = now - last, now

    opened = formats.open_photo(content)
    lap("decode")
    (face,) = editing.chosen_faces(finder, opened.pixels, "largest")
    lap("find the face")
    aligned = aligned_face(opened.pixels, face, sampler.image_size, sampler.alignment)
    lap("align")
    change = sampler.change(aligned, label)
    lap("network")
    edited = apply_to_face(opened.pixels, change, face, geometry=sampler.alignment)
    lap("make the change")
    picture = formats.put_back(opened, edited)
    lap("put back")
    editing.encoded(opened, picture, True)
    lap("encode")
    return seconds


def _peak_mib() -> float:
    # Not getrusage's maximum, which a process inherits from the one that started it.
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
