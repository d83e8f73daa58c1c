"""Which photos the AU meter is calibrated on: the judged set's where it can be, else the model's own."""

import dataclasses

import numpy as np
import pytest

from cdaae_jax.data.dataset import FaceDataset
from cdaae_jax.evaluation.tasks.calibration import FEWEST, photos_to_calibrate_on
from cdaae_jax.labels import LabelSpace

PEOPLE = tuple(f"p{k:02d}" for k in range(FEWEST + 2))
META = {"people": {"train": list(PEOPLE[:3]), "validation": ["p10"], "test": ["p11"]}}


def photos(names, people=PEOPLE, levels=(0.0, 0.4)):
    """Two photos of each person: all units of the one are 0, those of the other rise from unit to unit."""
    rows = [[level * (1 + k) for k in range(len(names))] for _ in people for level in levels]
    return FaceDataset(
        records=tuple(f"{person}-{level}" for person in people for level in levels),
        labels=np.array(rows, np.float32),
        person=np.repeat(np.arange(len(people)), len(levels)),
        people=people,
        space=LabelSpace("au", names),
        fingerprint="f00d",
    )


@pytest.fixture
def own():
    return photos(("AU1", "AU12"))


def test_the_judged_set_calibrates_the_meter_on_people_kept_for_training(own):
    others = photos(("AU12", "AU4", "AU1"))
    found = photos_to_calibrate_on(own, others, META)
    assert found.people == PEOPLE[:FEWEST] and len(found.records) == 2 * FEWEST
    assert found.space == own.space  # in the model's order, without units that it does not know
    np.testing.assert_allclose(found.labels[1], [1.2, 0.4])
    known = np.tile([True, False, True], (len(others), 1))
    found = photos_to_calibrate_on(own, dataclasses.replace(others, known=known), META)
    assert found.known.all()


@pytest.mark.parametrize(
    "others",
    [
        None,
        photos(("AU1", "AU4")),  # it lacks a unit
        photos(("AU1", "AU12"), PEOPLE[1:]),  # too few people
        photos(("AU1", "AU12"), levels=(0.2, 0.4)),  # nobody is neutral
        photos(("AU1", "AU12"), levels=(0.0,)),  # nobody has a second photo
    ],
)
def test_the_models_own_photos_do_where_the_judged_ones_cannot(own, others):
    found = photos_to_calibrate_on(own, others, META)
    assert found.people == PEOPLE[:FEWEST] and set(found.records) <= set(own.records)
    np.testing.assert_array_equal(found.labels, own.labels[: 2 * FEWEST])
