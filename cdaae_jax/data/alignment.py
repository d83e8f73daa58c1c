"""The eye alignment of every picture of the project: the one place that knows this geometry.

Points are (x, y) in pixels, measured from the top left CORNER of the picture, so that the centre of the first
pixel is (0.5, 0.5) and a point scales with the picture: twice the size, twice the coordinates.
"""

import dataclasses
import math

import numpy as np
from jaxtyping import Float64, UInt8
from PIL import Image

from cdaae_jax.errors import UserError

# Where the pupil centres lie in an aligned picture, as fractions of its side. Checkpoints depend on them.
LEFT_EYE_X = 0.34
RIGHT_EYE_X = 0.66
EYES_Y = 0.38

SIZE = 256


@dataclasses.dataclass(frozen=True)
class Geometry:
    """Where pupils lie in aligned pictures, as fractions of the side; checkpoints store it as `alignment`."""

    left_eye_x: float = LEFT_EYE_X
    right_eye_x: float = RIGHT_EYE_X
    eyes_y: float = EYES_Y


GEOMETRY = Geometry()


def widened(crop: float) -> Geometry:
    """Returns where the pupils lie in pictures that show `crop` times as much, in each direction, around the middle."""
    return Geometry(*(0.5 + (place - 0.5) / crop for place in dataclasses.astuple(GEOMETRY)))


# Points sampled per aligned pixel and axis, then averaged. Two are enough, because a photo is first reduced
# until one aligned pixel is less than two photo pixels wide.
_SUPERSAMPLING = 2

# Pixels around a point that Pillow's bicubic filter reads.
_BICUBIC_REACH = 2

Photo = UInt8[np.ndarray, "height width 3"]
AlignedPicture = UInt8[np.ndarray, "size size 3"]
Matrix = Float64[np.ndarray, "2 3"]
Point = tuple[float, float]


def aligned_to_photo(left_eye: Point, right_eye: Point, size: int = SIZE, geometry: Geometry = GEOMETRY) -> Matrix:
    """Returns the similarity transform from points of the aligned picture to points of the photo.

    Args:
      left_eye: (x, y) in pixels of the photo, the pupil with the smaller x (the person's right eye, unless the photo is
        mirrored).
      right_eye: the other pupil.
      size: side of the aligned picture in pixels.
      geometry: where the pupils come to lie.

    Returns:
      float64 [2, 3], to be used as `matrix @ (x, y, 1)`.

    Raises:
      UserError: the points cannot be a pair of eyes.
    """
    if not all(map(math.isfinite, (*left_eye, *right_eye))) or left_eye[0] >= right_eye[0]:
        raise UserError(
            f"Eyes at {_text(left_eye)} and {_text(right_eye)} cannot be aligned: the first must lie to the "
            "left of the second; give the pupil centres in pixels, the one with the smaller x first."
        )
    return similarity(left_eye, right_eye, size, geometry)


def similarity(first_eye: Point, second_eye: Point, size: float = SIZE, geometry: Geometry = GEOMETRY) -> Matrix:
    """Returns what `aligned_to_photo` does, for a head that is turned by any angle.

    Args:
      first_eye: (x, y) in pixels of the photo, the pupil that comes to lie left: the person's right eye.
      second_eye: the other pupil, at another place.
      size: side of the aligned picture in pixels.
      geometry: where the pupils come to lie.

    Returns:
      float64 [2, 3], to be used as `matrix @ (x, y, 1)`.
    """
    # In the complex plane, a similarity without reflection is photo = turn * aligned + shift.
    left, right = complex(*first_eye), complex(*second_eye)
    aligned_left = complex(geometry.left_eye_x, geometry.eyes_y) * size
    aligned_right = complex(geometry.right_eye_x, geometry.eyes_y) * size
    turn = (right - left) / (aligned_right - aligned_left)
    shift = left - turn * aligned_left
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def align(
    image: Photo, left_eye: Point, right_eye: Point, size: int = SIZE, geometry: Geometry = GEOMETRY
) -> AlignedPicture:
    """Turns, scales and crops a photo so that its pupils lie at x 0.34 and 0.66, y 0.38 of a square picture.

    Args:
      image: uint8 [H, W, 3], 0..255.
      left_eye: (x, y) in pixels of the photo, the pupil with the smaller x.
      right_eye: the other pupil.
      size: side of the result in pixels.
      geometry: where else the pupils are to lie.

    Returns:
      uint8 [size, size, 3]. Beyond the photo, its border pixels are repeated.

    Raises:
      ValueError: the image has another dtype or shape.
      UserError: the points cannot be a pair of eyes, or lie outside the photo.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] != 3:
        raise ValueError(f"image is {image.dtype} {list(image.shape)}, but must be uint8 [H, W, 3]; convert it to RGB.")
    height, width = image.shape[:2]
    for x, y in (left_eye, right_eye):
        if not (0 <= x <= width and 0 <= y <= height):
            raise UserError(
                f"An eye at {_text((x, y))} lies outside the photo, which is {width} pixels wide and "
                f"{height} high; give the pupil centres in pixels of this photo."
            )
    return crop(image, aligned_to_photo(left_eye, right_eye, size, geometry), size)


def to_aligned(points: Float64[np.ndarray, "*n 2"], matrix: Matrix) -> Float64[np.ndarray, "*n 2"]:
    """Returns points of a photo as points of the aligned picture, given the `similarity` that leads the other way."""
    return (points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T


def crop(image: Photo, matrix: Matrix, size: int) -> AlignedPicture:
    """Returns the part of a photo that a similarity maps the aligned picture to.

    Args:
      image: uint8 [H, W, 3].
      matrix: from pixels of the result to pixels of the photo.
      size: side of the result in pixels.

    Returns:
      uint8 [size, size, 3]. Beyond the photo, its border pixels are repeated.
    """
    # Large photos are first reduced by whole blocks of pixels: a cheap way to avoid aliasing.
    photo = Image.fromarray(image)
    factor = max(1, int(math.hypot(matrix[0, 0], matrix[1, 0])))
    if factor > 1:
        photo = photo.reduce(factor)
        matrix = matrix / factor

    photo, matrix = _with_border(photo, matrix, size)
    matrix = matrix @ np.diag([1 / _SUPERSAMPLING, 1 / _SUPERSAMPLING, 1])
    fine = photo.transform(
        (size * _SUPERSAMPLING, size * _SUPERSAMPLING),
        Image.Transform.AFFINE,
        matrix.ravel().tolist(),
        resample=Image.Resampling.BICUBIC,
    )
    return np.asarray(fine.reduce(_SUPERSAMPLING))


def _with_border(photo: Image.Image, matrix: Matrix, size: int) -> tuple[Image.Image, Matrix]:
    """Repeats the border pixels as far as the aligned square sticks out, and adapts the matrix."""
    corners = matrix @ np.array([[0, size, 0, size], [0, 0, size, size], [1, 1, 1, 1]])
    first = np.floor(corners.min(axis=1)).astype(int) - _BICUBIC_REACH
    last = np.ceil(corners.max(axis=1)).astype(int) + _BICUBIC_REACH
    left, top = np.maximum(0, -first)
    right, bottom = np.maximum(0, last - photo.size)
    if not any((left, top, right, bottom)):
        return photo, matrix
    padded = np.pad(np.asarray(photo), ((top, bottom), (left, right), (0, 0)), mode="edge")
    return Image.fromarray(padded), matrix + np.array([[0, 0, left], [0, 0, top]])


def _text(point: Point) -> str:
    return f"({point[0]:g}, {point[1]:g})"
