"""Where the points of a photo lie on the mean face, for people whose landmarks the data knows.

`landmarks68.npz` lies beside a person's photos, or up to three folders higher: `names` [n], the people, and `points`
[n, 68, 2], the landmarks of the neutral photo in the order of iBUG (300-W, Sagonas et al. 2013), in pixels of 512 x
512. The rig that drew the pictures read them there, so that they say exactly where brows, nose and mouth are. All
pictures of a person have the places of the neutral one, because what an expression moves is the change's business.
"""

import pathlib

import numpy as np
from jaxtyping import Float, Float16, Int
from scipy.interpolate import RBFInterpolator

from cdaae_jax.data import landmark_files
from cdaae_jax.data.dataset import FaceDataset
from cdaae_jax.data.maps import mirror
from cdaae_jax.errors import UserError

FILE = "landmarks68.npz"
GRID = 16
NUM_POINTS = 68
SIDE = 512  # pixels of the pictures whose landmarks the file holds

_SMOOTHING = 5e-5  # of the spline, in squared sides: landmarks are off by a pixel or two themselves

# The mean of the landmarks of 527 people to train on (85 of frl_rig2 and 442 between two of them), made symmetric, in
# sides of an aligned picture. It is a constant, so that all trainings mean the same face. Its mouth is not quite the
# mean, where lips meet in a curve: it is moved by up to 0.006, so that they meet in a line (`models.lips.MEET`).
MEAN_FACE = np.array([
    (0.138, 0.413), (0.146, 0.508), (0.161, 0.601), (0.178, 0.69), (0.205, 0.781), (0.254, 0.857),
    (0.324, 0.917), (0.405, 0.962), (0.5, 0.975), (0.595, 0.962), (0.676, 0.917), (0.746, 0.857),
    (0.795, 0.781), (0.822, 0.69), (0.839, 0.601), (0.854, 0.508), (0.862, 0.413), (0.197, 0.333),
    (0.239, 0.281), (0.306, 0.259), (0.375, 0.265), (0.441, 0.289), (0.559, 0.289), (0.625, 0.265),
    (0.694, 0.259), (0.761, 0.281), (0.803, 0.333), (0.5, 0.367), (0.5, 0.426), (0.5, 0.485),
    (0.5, 0.547), (0.435, 0.599), (0.466, 0.609), (0.5, 0.618), (0.534, 0.609), (0.565, 0.599),
    (0.279, 0.391), (0.317, 0.363), (0.365, 0.363), (0.408, 0.396), (0.363, 0.406), (0.315, 0.408),
    (0.592, 0.396), (0.635, 0.363), (0.683, 0.363), (0.721, 0.391), (0.685, 0.408), (0.637, 0.406),
    (0.374, 0.734), (0.422, 0.712), (0.467, 0.693), (0.5, 0.699), (0.533, 0.693), (0.578, 0.712),
    (0.626, 0.734), (0.579, 0.77), (0.536, 0.782), (0.5, 0.779), (0.464, 0.782), (0.421, 0.77),
    (0.398, 0.734), (0.466, 0.73), (0.5, 0.729), (0.534, 0.73), (0.602, 0.734), (0.534, 0.732),
    (0.5, 0.732), (0.466, 0.732),
])  # fmt: skip


class Places:
    """The places of a data set's photos, in memory.

    Attributes:
      table: float16 [m, 16, 16, 2], of the m people whose landmarks are known: how far from each point of their photos
        its place on the mean face is, (x, y) in sides of the picture.
    """

    def __init__(self, dataset: FaceDataset):
        """Reads all landmarks.

        Raises:
          UserError: nobody has any, or they cannot be read.
        """
        # One photo of each person and folder: a file beside it is a file beside the others.
        photos = {(path.parent, r.subject): path for r in dataset.records for path in [pathlib.Path(r.name)]}
        found = ((subject, of_file(photo, subject)) for (_, subject), photo in photos.items())
        points = {subject: one for subject, one in found if one is not None}
        if not points:
            raise UserError(
                f"config.loss.place_weight is not 0, but nobody in the data has landmarks (a file {FILE} beside the "
                "pictures); set it to 0, or name data that has them"
            )
        row = {subject: i for i, subject in enumerate(points)}
        self._row = np.array([row.get(record.subject, -1) for record in dataset.records])
        self.table = np.stack([on_mean_face(one) for one in points.values()]).astype(np.float16)

    def __call__(
        self, source: np.ndarray, mirrored: np.ndarray
    ) -> tuple[Float16[np.ndarray, "b 16 16 2"], Float[np.ndarray, " b"]]:
        """Returns the places of source photos, and 1 where they are known, else 0."""
        row, known = self.rows(source)
        return mirror(self.table[row], mirrored), known

    def rows(self, source: np.ndarray) -> tuple[Int[np.ndarray, " b"], Float[np.ndarray, " b"]]:
        """Returns which line of `table` has the places of each photo, any if they are not known; and 1 where known."""
        row = self._row[source]
        return np.maximum(row, 0), (row >= 0).astype(np.float32)


def on_mean_face(points: Float[np.ndarray, "68 2"]) -> Float[np.ndarray, "16 16 2"]:
    """Returns how far from each point of a grid over a photo its place on the mean face is.

    Args:
      points: the photo's landmarks, in its sides.
    """
    return _spline(points, MEAN_FACE)


def of_mean_face(points: Float[np.ndarray, "68 2"]) -> Float[np.ndarray, "16 16 2"]:
    """Returns how far from each point of a grid over the mean face its place in a photo is, as `on_mean_face`."""
    return _spline(MEAN_FACE, points)


def _spline(start: Float[np.ndarray, "68 2"], end: Float[np.ndarray, "68 2"]) -> Float[np.ndarray, "16 16 2"]:
    """Returns a thin-plate spline that takes points to others (Bookstein 1989), as displacements on a grid."""
    line = (np.arange(GRID) + 0.5) / GRID
    grid = np.stack(np.meshgrid(line, line), axis=-1)
    spline = RBFInterpolator(start, end - start, kernel="thin_plate_spline", smoothing=_SMOOTHING)
    return spline(grid.reshape(-1, 2)).reshape(grid.shape)


def of_file(photo: pathlib.Path, subject: str) -> Float[np.ndarray, "68 2"] | None:
    """Returns a person's landmarks, in sides of the photo; None if no file beside the photo knows the person.

    Raises:
      UserError: the file cannot be read.
    """
    file = landmark_files.beside(photo, FILE)
    if file is None:
        return None
    points = landmark_files.read(file, "points", NUM_POINTS, "copy it again or delete it")
    # With data.separate_sets a person is also named after the set.
    found = points.get(subject, points.get(subject.removeprefix(f"{file.parent.name}-")))
    return None if found is None else found.astype(np.float64) / SIDE
