"""The photos that the AU meter of an evaluation is calibrated on."""

from collections.abc import Mapping
from typing import Any

from cdaae_jax.data.dataset import FaceDataset
from cdaae_jax.evaluation.tasks.people import kept_for_training

FEWEST = 10  # people: fewer make no better meter than pictures of another kind


def photos_to_calibrate_on(data: FaceDataset, others: FaceDataset | None, meta: Mapping[str, Any]) -> FaceDataset:
    """Returns photos with AU intensities of people who are kept for a model's training.

    They are the judged set's where it can be, so that models which were trained on different pictures are read by the
    same meter, and by one that knows pictures such as these. It needs the units of the model's data, and ten people
    with a neutral photo and another one. Otherwise they are the model's own.

    Args:
      data: of the model, with AU intensities; models trained on the first few people count as trained on all.
      others: the pictures that are judged, if they are others than the model's.
      meta: the model's.
    """
    if others is not None and {*data.space.names} <= {*others.space.names}:
        groups, neutral = others.groups(), others.most_neutral()
        whole = [
            person
            for k, person in enumerate(others.people)
            if len(groups[k]) > 1 and not others.labels[neutral[k]].any()
        ]
        people = kept_for_training(meta, whole)
        if len(people) >= FEWEST:
            return others.with_labels(data.space).of(people)
    return data.of(kept_for_training(meta, data.people))
