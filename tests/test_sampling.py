"""The sampler: every documented form of a call, batch independence, and what it refuses."""

import dataclasses

import numpy as np
import pytest
from support import make_tiny_config

from cdaae_jax import Sampler, UserError, checkpoint, images, pretrained, train


@pytest.fixture(scope="module")
def workdir(faces_manifest, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("run")
    config = make_tiny_config()
    config.optim.learning_rate = 5e-3
    config.optim.ema_decay = 0.0
    train(config, workdir, faces_manifest.parent)
    return workdir


@pytest.fixture(scope="module")
def sampler(workdir):
    return Sampler.from_checkpoint(workdir)


@pytest.fixture(scope="module")
def photos():
    return np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), np.uint8)


def test_it_knows_its_labels_without_a_config_file(sampler):
    assert sampler.labels.kind == "emotion" and sampler.labels.names == ("neutral", "happy", "surprised")
    assert sampler.image_size == 32 and sampler.meta["step"] == 4


def test_one_photo_many_photos_one_label_many_labels(sampler, photos):
    one = sampler.edit(photos[0], "happy")
    assert one.shape == (32, 32, 3) and one.dtype == np.uint8
    assert not np.array_equal(one, sampler.edit(photos[0], "surprised"))
    many = sampler.edit(photos[:2], ["happy", "surprised"])
    assert many.shape == (2, 32, 32, 3)
    np.testing.assert_array_equal(many[0], one)
    np.testing.assert_array_equal(sampler.edit(photos[0], ["happy", "surprised"])[0], one)
    assert sampler.edit(photos[:1], "happy").shape == (1, 32, 32, 3)
    assert sampler.edit(photos[:3], {"happy": 0.7, "surprised": 0.3}).shape == (3, 32, 32, 3)
    np.testing.assert_array_equal(
        sampler.edit(photos[0], "happy=0.7,surprised=0.3"), sampler.edit(photos[0], {"surprised": 0.3, "happy": 0.7})
    )
    np.testing.assert_array_equal(sampler.edit(photos[0], sampler.labels.parse("happy")), one)


def test_the_output_does_not_depend_on_the_batch(sampler, photos):
    alone = np.stack([sampler.edit(photo, "happy") for photo in photos[:5]])
    for count in (5, 9, 40):
        together = sampler.edit(photos[:count], "happy")[:5].astype(int)
        # Convolutions of other batch sizes may round differently: at most by one grey level, and hardly ever.
        assert np.abs(together - alone).max() <= 1
        assert (together != alone).mean() < 1e-3
    reordered = sampler.edit(photos[::-1], "happy")[::-1]
    np.testing.assert_array_equal(reordered, sampler.edit(photos, "happy"))


def test_interpolation_has_both_ends(sampler, photos):
    strip = sampler.interpolate(photos[0], "neutral", "happy", steps=5)
    assert strip.shape == (5, 32, 32, 3)
    ends = sampler.edit(photos[0], ["neutral", "happy"]).astype(int)
    assert np.abs(strip[[0, -1]] - ends).max() <= 1
    halfway = sampler.edit(photos[0], "happy=0.5").astype(int)
    assert np.abs(strip[2] - halfway).max() <= 1
    with pytest.raises(UserError, match="at least its 2 ends"):
        sampler.interpolate(photos[0], "neutral", "happy", steps=1)


def test_other_sizes_and_colours_are_converted(sampler, photos):
    large = photos[0].repeat(3, axis=0).repeat(2, axis=1)
    assert sampler.edit(large, "happy").shape == (32, 32, 3)
    grey = photos[0][..., :1]
    expected = sampler.edit(grey.repeat(3, axis=-1), "happy")
    np.testing.assert_array_equal(sampler.edit(grey, "happy"), expected)
    np.testing.assert_array_equal(sampler.edit(grey[..., 0], "happy"), expected)
    opaque = np.concatenate([photos[0], np.full((32, 32, 1), 255, np.uint8)], axis=-1)
    np.testing.assert_array_equal(sampler.edit(opaque, "happy"), sampler.edit(photos[0], "happy"))


@pytest.mark.parametrize(
    ("picture", "label", "message"),
    [
        (np.zeros((16, 40, 3), np.uint8), "happy", "40x16 px, smaller than the 32x32 px"),
        (np.zeros((32, 32, 3), np.float32), "happy", "must be uint8"),
        (np.zeros((32, 32, 5), np.uint8), "happy", "got shape"),
        (np.zeros((0, 32, 32, 3), np.uint8), "happy", "no pictures"),
        (np.zeros((32, 32, 3), np.uint8), "hapy", "unknown expression 'hapy'; this model knows happy"),
        (np.zeros((32, 32, 3), np.uint8), "", "an empty label"),
        (np.zeros((3, 32, 32, 3), np.uint8), ["happy", "neutral"], "2 labels for 3 photos"),
    ],
)
def test_what_cannot_be_used_is_refused(sampler, picture, label, message):
    with pytest.raises(UserError, match=message):
        sampler.edit(picture, label)


def test_a_single_checkpoint_opens_too(workdir):
    step = checkpoint.steps(workdir)[0]
    assert Sampler.from_checkpoint(workdir / "checkpoints" / str(step)).meta["step"] == step
    with pytest.raises(UserError, match="there is no checkpoint"):
        Sampler.from_checkpoint(workdir / "nowhere")


def assert_alike(pictures, others):
    """Two compiled programs of the same arithmetic may round differently: by a grey level, and hardly ever."""
    assert np.abs(pictures.astype(int) - others).max() <= 1
    assert (pictures != others).mean() < 1e-3


def test_a_change_can_be_scaled_and_applied_at_any_size(sampler, photos):
    change = sampler.change(photos[0], "happy")
    assert_alike(change.apply(photos[0]), sampler.edit(photos[0], "happy"))
    large = np.random.default_rng(1).integers(0, 256, (75, 90, 3), np.uint8)
    np.testing.assert_array_equal(change.apply(large, amount=0.0), large)
    assert change.apply(large, amount=1.5).shape == large.shape
    assert not np.array_equal(change.apply(large, amount=0.5), change.apply(large, amount=1.5))
    both = sampler.change(photos[0], ["happy", "surprised"])
    assert_alike(both.apply(photos[0]), sampler.edit(photos[0], ["happy", "surprised"]))
    assert both.picture(64).shape == (2, 64, 256, 3)


def test_changes_without_an_atlas_are_scaled_by_the_amount(sampler, photos):
    made, part = sampler.change_by(photos[0], "happy", 0.4)
    assert part == 0.4
    np.testing.assert_array_equal(made.flow, sampler.change(photos[0], "happy").flow)


@pytest.fixture(scope="module")
def emotion():
    return Sampler.from_pretrained("emotion")


def test_an_atlas_is_asked_for_a_part_of_the_way(emotion):
    photo = images.read(sorted(pretrained.PORTRAITS.glob("*.jpg"))[0])
    for amount in (1, 1.2):
        whole, part = emotion.change_by(photo, "surprised", amount)
        assert part == amount
        np.testing.assert_array_equal(whole.mask, emotion.change(photo, "surprised").mask)
    half, part = emotion.change_by(photo, "surprised", 0.5)
    assert part == 1
    # The mouth is half as wide open, and what is open is not transparent.
    assert half.mask.max() > 0.9
    assert 0.2 * whole.mask.sum() < half.mask.sum() < 0.8 * whole.mask.sum()
    # The portrait is neutral, so that half of the way is half of the expression.
    assert np.abs(half.apply(photo) - emotion.change(photo, "surprised=0.5").apply(photo).astype(float)).mean() < 1


def test_an_atlas_begins_at_the_photo_itself(emotion):
    photo = images.read(sorted(pretrained.PORTRAITS.glob("*.jpg"))[0])
    none, part = emotion.change_by(photo, "happy", 0)
    np.testing.assert_array_equal(none.apply(photo, part), photo)
    little, part = emotion.change_by(photo, "happy", 0.03)
    assert 0 < part < 1
    assert np.abs(little.apply(photo, part) - photo.astype(float)).mean() < 0.5


def test_a_sampler_of_another_size_edits_larger_photos(sampler):
    photo = np.random.default_rng(2).integers(0, 256, (64, 64, 3), np.uint8)
    large = dataclasses.replace(sampler, image_size=64)
    assert_alike(large.edit(photo, "happy"), large.change(photo, "happy").apply(photo))


@pytest.mark.parametrize("amount", [-0.1, 1.6])
def test_amounts_out_of_range_are_refused(sampler, photos, amount):
    with pytest.raises(UserError, match=r"amount is .*; allowed: 0 to 1.5"):
        sampler.change(photos[0], "happy").apply(photos[0], amount)


def test_a_change_is_made_to_pictures_of_bytes_only(sampler, photos):
    with pytest.raises(UserError, match="a photo must be uint8"):
        sampler.change(photos[0], "happy").apply(photos[0] / 255.0)
