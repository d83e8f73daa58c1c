"""Picture measures on cases whose answers are known."""

import sys

import numpy as np
import pytest

from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.measures import pixels

MEASURES = (pixels.l1, pixels.psnr, pixels.ssim, pixels.change_outside_face)


def flat(*levels):
    return np.stack([np.full((16, 16, 3), level, np.uint8) for level in levels])


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (2, 24, 24, 3), np.uint8)


def test_l1_is_a_fraction_of_the_full_range_and_does_not_wrap_around():
    np.testing.assert_allclose(pixels.l1(flat(0, 10, 7), flat(255, 61, 7)), [1, 0.2, 0])
    np.testing.assert_array_equal(pixels.l1(flat(255), flat(0)), pixels.l1(flat(0), flat(255)))


def test_psnr_of_known_errors():
    np.testing.assert_allclose(pixels.psnr(flat(0, 100, 5), flat(255, 101, 5)), [0, 48.130804, np.inf])


def test_ssim_of_flat_pictures_is_its_luminance_term():
    # Without variance SSIM is (2ab + C) / (a^2 + b^2 + C), C = (0.01 * 255)^2 (Wang et al. 2004, equation 6).
    constant = (0.01 * 255) ** 2
    expected = (2 * 50 * 100 + constant) / (50**2 + 100**2 + constant)
    np.testing.assert_allclose(pixels.ssim(flat(50, 80), flat(100, 80)), [expected, 1], rtol=1e-6)


def test_ssim_falls_with_blur_and_noise(noise):
    smooth = (noise // 2 + np.roll(noise, 1, axis=1) // 2).astype(np.uint8)
    same, blurred = pixels.ssim(noise, noise), pixels.ssim(smooth, noise)
    unrelated = pixels.ssim(noise[::-1].copy(), noise)
    np.testing.assert_allclose(same, 1)
    assert (unrelated < 0.2).all()
    assert (unrelated < blurred).all()
    assert (blurred < 0.95).all()


def test_sharpness_of_known_patterns():
    row, column = np.ogrid[:16, :16]
    checkerboard = np.where((row + column) % 2, 255, 0)
    ramp = 10 * column + 0 * row
    # Stripes two pixels wide have a Laplacian of +1 and -1 in turn.
    stripes = np.where((column + 0 * row) // 2 % 2, 255, 0)
    images = np.stack([np.stack([grey] * 3, axis=-1) for grey in (checkerboard, ramp, stripes)])
    found = pixels.sharpness(images.astype(np.uint8))
    np.testing.assert_allclose(found, [16, 0, 1], atol=1e-9)


def test_sharpness_weighs_colours_as_the_eye_does():
    row, column = np.ogrid[:16, :16]
    checkerboard = np.where((row + column) % 2, 255, 0).astype(np.uint8)
    images = np.zeros((3, 16, 16, 3), np.uint8)
    for colour in range(3):
        images[colour, ..., colour] = checkerboard
    np.testing.assert_allclose(pixels.sharpness(images), 16 * np.square([0.299, 0.587, 0.114]))


def test_change_outside_the_face_sees_only_the_corners():
    source = flat(100, 100, 100, 100).repeat(4, axis=1).repeat(4, axis=2)  # 64 px
    output = source.copy()
    row, column = (np.mgrid[:64, :64] + 0.5) / 64
    inside = ((column - 0.5) / 0.455) ** 2 + ((row - 0.535) / 0.565) ** 2 <= 1
    assert (~inside).mean() == pytest.approx(0.23, abs=0.01)
    output[0, inside] = 255
    output[1, ~inside] = 151
    output[2, 0, 0, 1] = 49  # one colour of one corner pixel
    output[3, 34, 2] = 0  # just outside at the level of the mouth
    found = pixels.change_outside_face(output, source)
    share = 0.2 / (~inside).sum()
    np.testing.assert_allclose(found, [0, 0.2, share / 3, share * 100 / 51], atol=1e-9)
    np.testing.assert_array_equal(pixels.change_outside_face(source, output), found)


def test_every_landmark_lies_in_the_face(london_data):
    """And no smaller ellipse would do: one lies at its edge, less the margin."""
    with np.load(london_data / "frl_london" / "landmarks.npz") as arrays:
        points = np.concatenate([arrays[name].reshape(-1, 2) for name in ("dlib68", "mediapipe478")]) / 256
    from_centre = points - pixels.FACE_CENTRE
    margin = 0.02
    radius = np.linalg.norm(from_centre / (np.asarray(pixels.FACE_RADII) - margin), axis=1)
    assert 0.998 < radius.max() < 1.002


def test_each_picture_has_its_own_number(noise):
    target = noise[::-1].copy()
    for measure in MEASURES:
        together = measure(noise, target)
        assert together.shape == (2,)
        np.testing.assert_allclose(together[1:], measure(noise[1:], target[1:]))
        assert measure(noise[:0], target[:0]).shape == (0,)


@pytest.mark.parametrize("measure", MEASURES)
def test_wrong_pictures_are_refused(measure, noise):
    with pytest.raises(ValueError, match=r"allowed is uint8 \[N, S, S, 3\]"):
        measure(noise / 255.0, noise)
    with pytest.raises(ValueError, match=r"allowed is uint8 \[N, S, S, 3\]"):
        measure(noise, noise[0])
    with pytest.raises(ValueError, match="allowed are equal shapes"):
        measure(noise, noise[:1])


def test_ssim_without_scikit_image_says_what_to_install(monkeypatch, noise):
    monkeypatch.setitem(sys.modules, "skimage.metrics", None)
    with pytest.raises(UserError, match=r"pip install 'cdaae_jax\[eval\]'"):
        pixels.ssim(noise, noise)
