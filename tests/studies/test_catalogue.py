"""The catalogue can be trained as it stands, and its names agree with each other."""

import runpy
import subprocess
import sys

import pytest

from cdaae_jax import config_fields
from cdaae_jax.errors import UserError
from cdaae_jax.validation import validate
from studies import catalogue, reports, trainings


def test_every_training_is_valid_and_of_the_same_number_of_steps():
    for name, one in catalogue.TRAININGS.items():
        validate(one)
        kind, _, rest = name.partition("_")
        lengths = {
            "change": (catalogue.CHANGE_STEPS, catalogue.CHANGE_BATCH),
            "timed": (catalogue.TIMED_STEPS.get(rest), 16),
        }
        length = lengths.get(kind, (catalogue.STEPS, 16))
        assert (one.run.steps, one.run.batch_size) == length
        assert one.run.seed == int(name.partition("_seed")[2] or 0)
    settings = {str(config_fields.to_dict(one)) for one in catalogue.TRAININGS.values()}
    assert len(settings) == len(catalogue.TRAININGS)  # no two are the same


def test_the_timed_change_is_the_emotion_training_with_its_checkpoints_kept():
    emotion = runpy.run_path(str(trainings.REPOSITORY / "configs" / "emotion.py"))["get_config"]()
    different = config_fields.differences(
        config_fields.to_dict(catalogue.TRAININGS["timed_change"]), config_fields.to_dict(emotion)
    )
    assert [line.partition(":")[0] for line in different] == [
        "run.checkpoint_steps",
        "run.grid_steps",
        "run.keep_checkpoints",
    ]


def test_every_study_names_trainings_that_exist_and_none_is_left_over():
    used = {training for study in catalogue.STUDIES.values() for training in study.models.values()}
    assert used == set(catalogue.TRAININGS)


def test_every_study_names_a_report_that_exists_and_none_is_left_over():
    assert {study.report for study in catalogue.STUDIES.values()} == set(reports.REPORTS)


def test_the_training_program_finds_a_training_by_its_name():
    """As launch/train.py reads it: by the file's path, whatever else can be imported."""
    code = (
        "import sys; sys.path = [entry for entry in sys.path if entry not in ('', sys.argv[1])];"
        "from absl import flags; from ml_collections import config_flags;"
        "config_flags.DEFINE_config_file('config', None, '');"
        "flags.FLAGS(['train', '--config=studies/catalogue.py:rig_caae_8']);"
        "print(flags.FLAGS.config.model.name, flags.FLAGS.config.data.max_people)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(trainings.REPOSITORY)],
        cwd=trainings.REPOSITORY, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.split() == ["caae", "8"], done.stderr


def test_an_unknown_training_is_refused_with_the_nearest():
    with pytest.raises(UserError, match="no training 'rig_unett'; nearest: rig_unet"):
        catalogue.get_config("rig_unett")


def test_combinations_left_out_of_training_are_those_that_are_judged():
    study = catalogue.STUDIES["action_units_left_out"]
    for training in study.models.values():
        seen = catalogue.get_config(training).data.manifests
        assert all("AU12=0" in manifest or "AU1=0&AU2=0" in manifest for manifest in seen)
    assert all("AU12=1,2,3,4,5" in manifest and "=1,2,3,4,5" in manifest[-14:] for manifest in study.manifests)
