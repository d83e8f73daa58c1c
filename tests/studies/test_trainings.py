"""The list of trainings can be run as it stands, and what is trained already is not trained again."""

import dataclasses
import importlib.util
import pathlib

import pytest

from cdaae_jax import checkpoint, config
from cdaae_jax.errors import UserError
from cdaae_jax.validation import validate
from studies import reports, run, trainings

ROOT = pathlib.Path(__file__).parents[2]


def test_every_training_is_valid_and_of_the_same_number_of_steps():
    configs = run.configurations()
    for one in configs.values():
        validate(one)
        assert (one.run.steps, one.run.batch_size, one.run.seed) == (configs["rig_cdaae"].run.steps, 16, 0)
    assert len({str(config.to_dict(one)) for one in configs.values()}) == len(configs)  # no two are the same


def test_every_study_names_trainings_that_exist_and_none_is_left_over():
    used = {training for study in reports.STUDIES.values() for training in study.models.values()}
    assert used == set(run.configurations())


def test_an_unknown_training_is_refused_with_the_nearest():
    spec = importlib.util.spec_from_file_location("studies_config", ROOT / "configs" / "studies.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.raises(UserError, match="no training 'rig_unett'; nearest: rig_unet"):
        module.get_config("rig_unett")


def test_combinations_left_out_of_training_are_those_that_are_judged():
    seen = run.configurations()["rig_au_cdaae"].data.manifests
    assert all("AU12=0" in manifest or "AU1=0&AU2=0" in manifest for manifest in seen)
    assert "AU12=1,2,3,4,5&AU1=1,2,3,4,5" in reports.LEFT_OUT[0]


@pytest.fixture
def trained(monkeypatch):
    """What a workdir is said to hold."""

    def holds(step, **changes):
        one = dataclasses.replace(config.Config(), **changes)
        monkeypatch.setattr(checkpoint, "read_meta", lambda _: {"step": step, "config": config.to_dict(one)})

    return holds


def test_a_training_is_done_at_its_last_step_only(trained, tmp_path):
    one = config.Config(run=config.Run(steps=10))
    assert not trainings.is_done(one, tmp_path)
    trained(9, run=one.run)
    assert not trainings.is_done(one, tmp_path)
    trained(10, run=one.run)
    assert trainings.is_done(one, tmp_path)


def test_a_folder_of_other_settings_is_not_passed_off_as_done(trained, tmp_path):
    trained(10, run=config.Run(steps=10, seed=3))
    with pytest.raises(UserError, match=r"trained with other settings \(run.seed: 0 here, 3 there\)"):
        trainings.is_done(config.Config(run=config.Run(steps=10)), tmp_path)


def test_a_failed_training_is_named_after_the_others_were_tried(tmp_path):
    unknown = {"nobody": config.Config(), "nothing": config.Config()}
    with pytest.raises(UserError, match=r"2 trainings failed, first nobody; read .*nobody\.log"):
        trainings.train_all(unknown, tmp_path, None, jobs=1)
    assert "no training 'nothing'" in (tmp_path / "nothing.log").read_text()


def test_more_jobs_than_cores_are_refused(tmp_path):
    with pytest.raises(UserError, match="--jobs is 1000; allowed: 1 to"):
        trainings.train_all({}, tmp_path, None, jobs=1000)


def test_studies_can_be_listed_and_a_wrong_name_is_refused(capsys):
    run.main(["--list", "--only=small_databases"])
    assert "rig_caae_8" in capsys.readouterr().out
    with pytest.raises(UserError, match="--only names 'smal'; allowed: "):
        run.main(["--only=smal"])
