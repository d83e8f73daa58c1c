"""The expression of faces in a video, changed steadily from frame to frame."""

import dataclasses
import pathlib
from collections.abc import Callable, Iterable, Iterator

import jax
import numpy as np
from jaxtyping import UInt8

from cdaae_jax.errors import UserError
from cdaae_jax.labels import Label
from cdaae_jax.models.change import LARGEST_AMOUNT, Change
from cdaae_jax.photos.editing import aligned_face, shared_finder
from cdaae_jax.photos.region import apply_to_face
from cdaae_jax.provenance import SOURCE_TYPE, marked
from cdaae_jax.sampling import Sampler
from cdaae_jax.video import clip, steady, tracks
from cdaae_jax.video.tracks import Finder, Frame

Picture = UInt8[np.ndarray, "height width 3"]


def edit_video(
    sampler: Sampler,
    source: pathlib.Path,
    target: pathlib.Path,
    label: Label,
    amount: float = 1.0,
    face: str = "largest",
    mark: bool = True,
    finder: Finder | None = None,
    on_frame: Callable[[], None] | None = None,
) -> None:
    """Writes a video in which faces have another expression; its sound, rate and rotation are the source's.

    Args:
      sampler: the model.
      source: the video.
      target: the file to write.
      label: see `Sampler.edit`.
      amount: 0 to 1.5.
      face: "largest" or "all".
      mark: say in the file's metadata that it was edited.
      finder: finds and follows the faces; None takes the process's own.
      on_frame: called after each frame; what it raises ends the work, and nothing is written.

    Raises:
      UserError: something cannot be used, or there is no face in the whole video; nothing is written then.
    """
    if not 0 <= amount <= LARGEST_AMOUNT:
        raise UserError(f"amount is {amount:g}; allowed: 0 to {LARGEST_AMOUNT:g}")
    vector = sampler.labels.parse(label)
    looking = finder or shared_finder()
    num_faces = 0

    def edit(pictures: Iterator[Picture], rate: float) -> Iterator[Picture]:
        nonlocal num_faces
        for frame, edited in edited_frames(sampler, pictures, rate, looking, vector, amount, face):
            num_faces += len(frame.faces)
            yield edited
            if on_frame:
                on_frame()
        if not num_faces:
            raise UserError(f"no face was found in {source}; give a video with a face of at least 48 pixels")

    comment = f"Expression changed by cdaae_jax. Digital source type: {SOURCE_TYPE}" if mark else None
    clip.rewrite(source, target, edit, comment, marked(None) if mark else None)


def edited_frames(
    sampler: Sampler,
    pictures: Iterable[Picture],
    rate: float,
    finder: Finder,
    label: np.ndarray,
    amount: float = 1.0,
    face: str = "largest",
) -> Iterator[tuple[Frame, Picture]]:
    """Yields each frame with its faces, and what becomes of it.

    Faces are followed, their places steadied, and changes made of them; these are steadied too, and applied.

    Args:
      sampler: the model.
      pictures: in order.
      rate: pictures in a second.
      finder: finds and follows faces.
      label: a vector, see `LabelSpace.parse`.
      amount: 0 to 1.5.
      face: "largest" or "all".
    """
    reach = steady.reach(rate)
    located = _steadied_faces(tracks.tracked(pictures, rate, finder, face), reach)
    changing = ((frame, _changes(sampler, frame, label, amount)) for frame in located)
    for among, index in steady.among_neighbours(changing, reach):
        frame, made = among[index]
        picture = frame.picture
        for number, one in frame.faces.items():
            near = {place - index: changes[number][0] for place, (_, changes) in enumerate(among) if number in changes}
            fading = steady.fading([number in changes for _, changes in among], index)
            _, part = made[number]
            picture = apply_to_face(picture, _mean(near, reach), one, part * fading, sampler.alignment)
        yield frame, picture


def _steadied_faces(frames: Iterable[Frame], reach: int) -> Iterator[Frame]:
    """Yields the frames with faces that do not jitter; one that is missing for a moment is put where it must be."""
    for among, index in steady.among_neighbours(frames, reach):
        faces = {}
        for number in {number for frame in among for number in frame.faces}:
            points = {k - index: frame.faces[number].points for k, frame in enumerate(among) if number in frame.faces}
            if min(points) <= 0 <= max(points):
                last = next(frame.faces[number] for frame in among if number in frame.faces)
                faces[number] = dataclasses.replace(last, points=steady.steady(points, reach).astype(np.float32))
        yield Frame(among[index].picture, dict(sorted(faces.items())))


def _changes(sampler: Sampler, frame: Frame, label: np.ndarray, amount: float) -> dict[int, tuple[Change, float]]:
    """Returns the change of each face, and by how much it is to be made, see `Sampler.change_by`."""
    size, geometry = sampler.image_size, sampler.alignment
    return {
        number: sampler.change_by(aligned_face(frame.picture, face, size, geometry), label, amount)
        for number, face in frame.faces.items()
    }


def _mean(near: dict[int, Change], reach: int) -> Change:
    """Returns the change of a frame and of its neighbours, the nearer the more."""
    weights = {place: np.exp(-0.5 * (2.0 * place / reach) ** 2) for place in near}
    shares = np.array([*weights.values()]) / sum(weights.values())
    return jax.tree.map(
        lambda *fields: np.tensordot(shares, np.stack(fields), axes=1).astype(np.float32), *near.values()
    )
