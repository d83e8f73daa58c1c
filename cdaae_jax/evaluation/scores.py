"""Scores of edited pictures: one table row per way of editing, all on the same task."""

import pathlib

import numpy as np
from jaxtyping import UInt8

from cdaae_jax.evaluation import judges, pictures
from cdaae_jax.evaluation.edits import Task

Row = dict[str, float]


class Scorer:
    """Scores the outputs of any way of editing on one task."""

    def __init__(self, task: Task, judge_folder: pathlib.Path | None):
        """Without `judge_folder` (see `judges`) only the picture scores are computed.

        Raises:
          UserError: the folder does not hold the judges' weights.
        """
        self._task = task
        self._expression = self._identity = None
        if judge_folder is not None:
            self._identity = judges.IdentityJudge.load(judge_folder)
            self._source_embedding = self._identity.embed(task.source)
            if task.space.kind == "emotion":
                self._expression = judges.ExpressionJudge.load(judge_folder)

    def row(self, output: UInt8[np.ndarray, "n s s 3"]) -> Row:
        """Returns the mean scores.

        l1 (0..1), ssim and psnr (dB) to the true target; sharpness relative to the true target's (1 is as sharp);
        with judges: identity_distance to the source, same_person (share below the judge's threshold),
        read_as_requested (mean over the expressions that the judge knows) and read_as_NAME for each of them.
        """
        target = self._task.target
        scores = {
            "l1": pictures.l1(output, target).mean(),
            "ssim": pictures.ssim(output, target).mean(),
            "psnr": pictures.psnr(output, target).mean(),
            "sharpness": pictures.sharpness(output).mean() / pictures.sharpness(target).mean(),
        }
        if self._identity:
            distance = np.linalg.norm(self._identity.embed(output) - self._source_embedding, axis=-1)
            scores["identity_distance"] = distance.mean()
            scores["same_person"] = (distance < judges.SAME_PERSON_DISTANCE).mean()
        if self._expression:
            scores |= self._reading(output)
        return {name: float(value) for name, value in scores.items()}

    def _reading(self, output: np.ndarray) -> Row:
        names = self._task.space.names
        read = [self._expression.classes[i] for i in self._expression.probabilities(output).argmax(axis=-1)]
        requested = [names[i] for i in self._task.label.argmax(axis=-1)]
        shares = {}
        for name in names:
            hits = [r == name for r, wanted in zip(read, requested, strict=True) if wanted == name]
            if hits and name in self._expression.classes:
                shares[f"read_as_{name}"] = np.mean(hits)
        return {"read_as_requested": np.mean(list(shares.values())), **shares} if shares else {}
