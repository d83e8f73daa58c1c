"""What is measured of the outputs of one way of editing, on one task."""

import pathlib

import numpy as np
from jaxtyping import Float, UInt8

from cdaae_jax.evaluation import judges, pictures
from cdaae_jax.evaluation.edits import Task
from cdaae_jax.evaluation.scores import Row, Statistic, with_intervals


class Scorer:
    """Scores the outputs of any way of editing on one task; what does not depend on them is measured once."""

    def __init__(self, task: Task, judge_folder: pathlib.Path | None):
        """Without `judge_folder` (see `judges`) only the picture scores are computed.

        Raises:
          UserError: the folder does not hold the judges' weights.
        """
        self._task = task
        self._expression = self._identity = None
        self._target_sharpness = pictures.sharpness(task.target)
        if judge_folder is not None:
            self._identity = judges.IdentityJudge.load(judge_folder)
            self._source_embedding = self._identity.embed(task.source)
            if task.space.kind == "emotion":
                self._expression = judges.ExpressionJudge.load(judge_folder)

    def row(self, output: UInt8[np.ndarray, "n s s 3"]) -> Row:
        """Returns the figures by name.

        l1 (0..1), ssim and psnr (dB) to the true target; sharpness relative to the true target's (1 is as sharp);
        with judges: identity_distance to the source, same_person (share below the judge's threshold),
        read_as_requested (mean over the expressions that the judge knows) and read_as_NAME for each of them.
        """
        statistics = self._picture(output)
        if self._identity:
            statistics |= self._same_person(output)
        if self._expression:
            statistics |= self._reading(self._expression.probabilities(output))
        return with_intervals(statistics, np.asarray(self._task.person))

    def confusion(self, output: UInt8[np.ndarray, "n s s 3"]) -> dict[str, dict[str, int]] | None:
        """Returns how often each requested expression was read as what; None where nobody reads expressions."""
        if not self._expression:
            return None
        read = self._expression.probabilities(output).argmax(axis=-1)
        requested, classes = self._requested(), self._expression.classes
        return {
            name: {read_as: int((read[requested == i] == k).sum()) for k, read_as in enumerate(classes)}
            for i, name in enumerate(self._task.space.names)
            if (requested == i).any()
        }

    def facts(self) -> dict[str, dict[str, object]]:
        """Returns who judged, by what threshold, and what they are."""
        facts = {}
        if self._identity:
            facts["identity"] = {
                "what": "dlib's face recognition ResNet, weights of face-api 1.7.15 (MIT), training data undocumented",
                "same_person_distance": judges.SAME_PERSON_DISTANCE,
            }
        if self._expression:
            facts["expression"] = {
                "what": "expression network of face-api 1.7.15 (MIT), training data undocumented",
                "classes": list(self._expression.classes),
            }
        return facts

    def _picture(self, output: np.ndarray) -> dict[str, Statistic]:
        target = self._task.target
        sharpness = pictures.sharpness(output)
        return {
            "l1": mean_of(pictures.l1(output, target)),
            "ssim": mean_of(pictures.ssim(output, target)),
            "psnr": mean_of(pictures.psnr(output, target)),
            "sharpness": lambda rows: sharpness[rows].mean() / self._target_sharpness[rows].mean(),
        }

    def _same_person(self, output: np.ndarray) -> dict[str, Statistic]:
        distance = np.linalg.norm(self._identity.embed(output) - self._source_embedding, axis=-1)
        return {
            "identity_distance": mean_of(distance),
            "same_person": mean_of(distance < judges.SAME_PERSON_DISTANCE),
        }

    def _reading(self, probabilities: np.ndarray) -> dict[str, Statistic]:
        classes, requested = self._expression.classes, self._requested()
        read = np.asarray(classes)[probabilities.argmax(axis=-1)]
        hits = read == np.asarray(self._task.space.names)[requested]
        known = [i for i in np.unique(requested) if self._task.space.names[i] in classes]

        def share(i: int) -> Statistic:
            return lambda rows: _mean(hits[rows][requested[rows] == i])

        shares = {f"read_as_{self._task.space.names[i]}": share(i) for i in known}
        if not shares:
            return {}
        return {"read_as_requested": lambda rows: np.mean([of(rows) for of in shares.values()]), **shares}

    def _requested(self) -> np.ndarray:
        return self._task.label.argmax(axis=-1)


def mean_of(values: Float[np.ndarray, "n"]) -> Statistic:
    """Returns the statistic that is the mean of [N] numbers."""
    values = np.asarray(values, np.float64)
    return lambda rows: float(values[rows].mean())


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
