"""How near one picture is to another, pixel by pixel, and how sharp a picture is; NumPy, on the host.

Pictures are uint8 [N, S, S, 3], RGB; each measure gives one number per picture.
"""

import numpy as np
from jaxtyping import Float, UInt8

from cdaae_jax.errors import UserError

# Shapes have names here, because the linter takes a shape written inside an annotation for code.
Images = UInt8[np.ndarray, "n side side 3"]
Scores = Float[np.ndarray, " n"]

LUMINANCE = (0.299, 0.587, 0.114)  # weights of R, G, B in ITU-R BT.601
SSIM_SIGMA = 1.5  # of the Gaussian window, in pixels: Wang et al. 2004, section III.C


def l1(output: Images, target: Images) -> Scores:
    """Mean absolute difference [N] in units of the full range: 0 is equal, 1 is black against white.

    Raises ValueError where the two are not uint8 [N, S, S, 3] of one shape, as `ssim` and `psnr` do.
    """
    _check_images(output, target)
    return np.abs(output.astype(np.float64) - target).mean(axis=(1, 2, 3)) / 255.0


def psnr(output: Images, target: Images) -> Scores:
    """Peak signal-to-noise ratio [N] in decibels, peak 255; infinite for equal pictures."""
    _check_images(output, target)
    squared_error = np.square(output.astype(np.float64) - target).mean(axis=(1, 2, 3))
    ratio = np.full(len(squared_error), np.inf)
    np.divide(255.0**2, squared_error, out=ratio, where=squared_error > 0)
    return 10.0 * np.log10(ratio)


def ssim(output: Images, target: Images) -> Scores:
    """Structural similarity [N], at most 1 (equal), averaged over pixels and the three colours.

    scikit-image's, with the Gaussian window and plain (not sample) covariances of Wang et al. 2004; S >= 11.
    Raises UserError where scikit-image is not installed.
    """
    try:
        from skimage.metrics import structural_similarity
    except ImportError:
        raise UserError(
            "SSIM needs the package scikit-image, which is not installed; run pip install 'cdaae_jax[eval]'"
        ) from None
    _check_images(output, target)
    pairs = zip(output, target, strict=True)
    scores = [
        structural_similarity(
            *pair,
            gaussian_weights=True,
            sigma=SSIM_SIGMA,
            use_sample_covariance=False,
            data_range=255,
            channel_axis=-1,
        )
        for pair in pairs
    ]
    return np.asarray(scores, np.float64)


def sharpness(images: Images) -> Scores:
    """Variance [N] of the Laplacian of the luminance (0..1) over inner pixels: 0 is flat, 16 a checkerboard.

    It says little alone, as it depends on subject and S: compare it with that of the same people's true
    pictures of the same S. The four-neighbour Laplacian, as in the focus measure of Pech-Pacheco et al. 2000.
    """
    _check_images(images, images)
    luminance = images @ np.asarray(LUMINANCE) / 255.0
    neighbours = luminance[:, :-2, 1:-1] + luminance[:, 2:, 1:-1] + luminance[:, 1:-1, :-2] + luminance[:, 1:-1, 2:]
    return (neighbours - 4.0 * luminance[:, 1:-1, 1:-1]).var(axis=(1, 2))


def _check_images(output: Images, target: Images) -> None:
    for images in (output, target):
        # A float picture, or one in [-1, 1], would give numbers that look right and are not.
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != (*images.shape[1:2] * 2, 3):
            raise ValueError(
                f"pictures are {images.dtype} {list(images.shape)}, allowed is uint8 [N, S, S, 3]; "
                "convert them to uint8 0..255, and put a single picture into an array of one"
            )
    if output.shape != target.shape:
        raise ValueError(
            f"{list(output.shape)} is compared with {list(target.shape)}, allowed are equal shapes; "
            "resize the target to the output's side and pair the pictures one to one"
        )
