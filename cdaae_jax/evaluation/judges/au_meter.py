"""Reads FACS intensities of action units from pictures: landmarks and blendshapes, then a ridge regression.

The features are how the landmarks of a picture differ from those of the same person's source, both in the face's own
frame, the blendshapes, and how these differ from the source's. They come from `judges.landmarks`, whose dead
blendshapes (noseSneer, cheekSquint, cheekPuff) do no harm, because features that hardly vary are not scaled up.

A meter is calibrated on people with known intensities, and judges others. It is only as good as the
calibration pictures: a meter calibrated on drawn or rigged faces has not been checked against human FACS coders.

On the synthetic rig (frl_rig2/au at 256 px, calibrated on its 85 training people as `calibrate_on` does, the 16
validation people's true pictures read): Pearson's r 0.78, ICC(3,1) 0.74, squared error 0.54, means of eighteen AUs.
r of AU1, AU12, AU26 and AU43 0.94 to 0.95, AU2, AU6, AU9 and AU20 0.89 to 0.92; and of those that it reads badly, AU7
0.47, AU24 0.49, AU14 0.60 and AU25 0.65: lids and lips that move by a pixel.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float64, Shaped, UInt8

from cdaae_jax import images
from cdaae_jax.data.dataset import FaceDataset
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.judges.landmark_readouts import face_frame
from cdaae_jax.evaluation.judges.landmarks import Faces, Landmarker
from cdaae_jax.evaluation.judges.remembering import Remembering
from cdaae_jax.evaluation.measures.au_agreement import au_statistics
from cdaae_jax.labels import MAX_AU

Images = UInt8[np.ndarray, "n side side 3"]
Intensities = Float64[np.ndarray, "n aus"]
Features = Float64[np.ndarray, "n features"]
Weights = Float64[np.ndarray, "features aus"]
FeatureRow = Float64[np.ndarray, "features"]
UnitRow = Float64[np.ndarray, "aus"]
People = Shaped[np.ndarray, "n"]

PENALTIES = tuple(10.0 ** (half / 2) for half in range(0, 11))  # 1 to 100,000, for features of variance 1
# The minimum of standard deviations. Points are in inter-pupil distances (0.02 px of a 64 px picture), blendshapes in
# 0..1: what varies less in the calibration pictures is noise, which must not be scaled up in other pictures.
LEAST_DEVIATION = 1e-3


@dataclasses.dataclass(frozen=True, eq=False)
class AUMeter:
    """A calibrated meter.

    Attributes:
      find: finds faces and their points, see `Landmarker.find`; once in each picture.
      names: of the A action units, the columns of what is measured.
      mean, scale: [F], of the features in the calibration pictures.
      weights: [F, A], intensity per standardised feature.
      offset: [A], the mean intensities.
      penalty: of the ridge regression, one of PENALTIES.
      accuracy: the scores of `au_statistics` for the calibration people, each measured by a regression that did not
        see that person. The penalty was chosen on the same pictures; as it is one of only eleven, this
        hardly flatters the meter.
    """

    find: Remembering[Faces]
    names: tuple[str, ...]
    mean: FeatureRow
    scale: FeatureRow
    weights: Weights
    offset: UnitRow
    penalty: float
    accuracy: dict[str, float]

    @classmethod
    def calibrate(
        cls,
        landmarker: Landmarker,
        source: Images,
        pictures: Images,
        intensities: Intensities,
        names: Sequence[str],
        people: People,
    ) -> "AUMeter":
        """Returns the meter that reads the known intensities of these pictures best.

        Args:
          landmarker: finds faces; about 14 ms a picture.
          source: [N, S, S, 3], for each picture the same person's source.
          pictures: [N, S, S, 3].
          intensities: [N, A], FACS 0..5, of each picture.
          names: of the A action units.
          people: [N], who is in each picture.

        The regression is a ridge regression (Hoerl & Kennard 1970) on standardised features. All AUs share one penalty:
        the one of PENALTIES with the smallest squared error when each person is measured by a regression of the other
        people. Pictures without a face are left out.

        Raises:
          UserError: faces were found for fewer than two people.
        """
        people = np.asarray(people)
        features, found = _features(Remembering(landmarker.find), source, pictures)
        num_people = len(np.unique(people[found]))
        if num_people < 2:
            raise UserError(
                f"the AU meter found faces of {num_people} people in {len(people)} calibration pictures; "
                "it needs 2 people or more: give it other pictures"
            )
        features, people = features[found], people[found]
        intensities = np.asarray(intensities, np.float64)[found]
        mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), LEAST_DEVIATION)
        offset = intensities.mean(axis=0)
        ridge = _Ridge((features - mean) / scale, intensities - offset)
        guesses = [np.clip(ridge.guesses(penalty, people) + offset, 0.0, MAX_AU) for penalty in PENALTIES]
        best = int(np.argmin([np.square(guess - intensities).mean() for guess in guesses]))
        scores = au_statistics(intensities, guesses[best], names)
        return cls(
            find=Remembering(landmarker.find),
            names=tuple(names),
            mean=mean,
            scale=scale,
            weights=ridge.weights(PENALTIES[best]),
            offset=offset,
            penalty=PENALTIES[best],
            accuracy={name: score(np.arange(len(people))) for name, score in scores.items()},
        )

    def measure(self, source: Images, pictures: Images, clip: bool = True) -> Intensities:
        """Returns the intensities [N, A] of pictures [N, S, S, 3] of the people in `source` [N, S, S, 3].

        Intensities are clipped to FACS 0..5, so that absent AUs add no noise below 0; `clip=False` returns the
        regression's own numbers, for steps along a path that clipping would hide. A row is NaN if no face was found in
        the picture or in its source; `au_found` of `au_statistics` is the share of the other rows.
        """
        features, _ = _features(self.find, source, pictures)
        measured = (features - self.mean) / self.scale @ self.weights + self.offset
        return np.clip(measured, 0.0, MAX_AU) if clip else measured


def calibrate_on(
    training: FaceDataset, image_size: int, landmarker: Landmarker, max_people: int = 96, max_pictures: int = 20
) -> AUMeter:
    """Returns a meter calibrated on people who will not be judged.

    Where photos know different units, as in a mix of sets, it reads those that most photos know, and is calibrated on
    the photos that know them.

    Args:
      training: pictures with AU intensities. To judge a model of emotions, hand over AU pictures of people that it was
        trained on: of the rig, frl_rig/au.csv.
      image_size: of the pictures that will be judged, because landmarks depend on it.
      landmarker: finds faces; 96 people with 20 pictures are 2,000 pictures, 30 s on an idle core.
      max_people: so many of the people, spread evenly over their ids.
      max_pictures: so many of each, drawn by a fixed seed. The source is the most neutral one, as in `tasks.edits`.

    Raises:
      UserError: the labels are emotions, or faces are found for fewer than two people.
    """
    if training.space.kind != "au":
        raise UserError(
            f"the pictures to calibrate the AU meter on have labels of kind {training.space.kind!r}; it needs pictures "
            "of the same people with AU intensities: load them with config.data.label_kind='au'"
        )
    columns, training = _known_alike(training)
    chosen = np.unique(np.linspace(0, len(training.people) - 1, min(max_people, len(training.people))).astype(int))
    groups, neutral = training.groups(), training.most_neutral()
    sources: list[int] = []
    targets: list[int] = []
    rng = np.random.default_rng(0)
    for person in chosen:
        others = [i for i in groups[person] if i != neutral[person]]
        targets += sorted(rng.choice(others, min(max_pictures, len(others)), replace=False))
        sources += [neutral[person]] * (len(targets) - len(sources))
    photos = {i: images.fit(training.records[i].load(), image_size) for i in {*sources, *targets}}
    return AUMeter.calibrate(
        landmarker,
        source=np.stack([photos[i] for i in sources]),
        pictures=np.stack([photos[i] for i in targets]),
        intensities=training.labels[targets][:, columns] * MAX_AU,
        names=[training.space.names[k] for k in columns],
        people=training.person[targets],
    )


def _known_alike(training: FaceDataset) -> tuple[list[int], FaceDataset]:
    """Returns the units that most photos know, as columns of the labels, and the photos that know all of these."""
    if training.known is None:
        return list(range(training.space.size)), training
    patterns, counts = np.unique(training.known, axis=0, return_counts=True)
    units = patterns[counts.argmax()]
    return np.flatnonzero(units).tolist(), training.rows(np.flatnonzero(training.known[:, units].all(axis=1)))


def _features(find: Remembering[Faces], source: Images, pictures: Images) -> tuple[Features, Bool[np.ndarray, " n"]]:
    """The regression's features [N, 478 * 2 + 2 * 52] and whether there are any; rows without a face are NaN."""
    if len(source) != len(pictures):
        raise ValueError(f"there are {len(source)} sources and {len(pictures)} pictures; give each picture its source")
    before, after = find(source), find(pictures)
    moved = face_frame(after.points.astype(np.float64)) - face_frame(before.points.astype(np.float64))
    blendshapes = after.blendshapes.astype(np.float64)
    parts = [moved.reshape(len(moved), -1), blendshapes, blendshapes - before.blendshapes]
    return np.concatenate(parts, axis=1), before.found & after.found


class _Ridge:
    """Ridge regressions of one set of centred features [N, F] to centred answers [N, A], for any penalty.

    In the dual form, as there are as many features as pictures: one eigendecomposition of the N x N products serves
    every penalty.
    """

    def __init__(self, features: Features, answers: Intensities):
        self._features, self._answers = features, answers
        values, self._vectors = np.linalg.eigh(features @ features.T)
        self._values = np.maximum(values, 0.0)  # rounding makes some zeros negative
        self._projected = self._vectors.T @ answers

    def weights(self, penalty: float) -> Weights:
        return self._features.T @ (self._vectors @ (self._projected / (self._values + penalty)[:, None]))

    def guesses(self, penalty: float, people: People) -> Intensities:
        """The answers [N, A] for each person from the regression of all the others.

        Exact, though nothing is fitted anew: with the hat matrix H of a linear smoother, the errors on pictures B that
        were left out are (I - H_BB)^-1 times the errors on B that were not (as PRESS, Allen 1974, for blocks). The
        intercept, free of penalty, adds 1/N to H. Only mean and scale of the features know all people.
        """
        share = self._values / (self._values + penalty)
        errors = self._answers - self._vectors @ (share[:, None] * self._projected)
        guesses = np.empty_like(self._answers)
        for person in np.unique(people):
            rows = np.flatnonzero(people == person)
            vectors = self._vectors[rows]
            hat = (vectors * share) @ vectors.T + 1.0 / len(self._answers)
            guesses[rows] = self._answers[rows] - np.linalg.solve(np.eye(len(rows)) - hat, errors[rows])
        return guesses
