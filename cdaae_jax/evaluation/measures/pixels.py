"""How near one picture is to another, pixel by pixel, and how sharp a picture is; NumPy, on the host.

Pictures are uint8 [N, S, S, 3], RGB; each measure gives one number per picture.
"""

import numpy as np
from jaxtyping import Float, UInt8

from cdaae_jax.errors import UserError

# The shapes that this file uses.
Images = UInt8[np.ndarray, "n side side 3"]
PerPicture = Float[np.ndarray, " n"]

LUMINANCE = (0.299, 0.587, 0.114)  # weights of R, G, B in ITU-R BT.601
SSIM_SIGMA = 1.5  # of the Gaussian window, in pixels: Wang et al. 2004, section III.C
# The face in an aligned crop, as fractions of its side from the left and the top: the ellipse of smallest area in the
# picture, its centre at x 0.5, that holds each of the 68 dlib and 478 MediaPipe landmarks of each of the 160 London
# pictures, neutral and smiling (radii 0.435 and 0.545), and a margin of 0.02, which is 1.3 pixels at 64.
FACE_CENTRE = (0.5, 0.535)
FACE_RADII = (0.455, 0.565)


def l1(output: Images, target: Images) -> PerPicture:
    """Mean absolute difference [N] in units of the full range: 0 is equal, 1 is black against white.

    Raises ValueError where the two are not uint8 [N, S, S, 3] of one shape, as `ssim` and `psnr` do.
    """
    check_images(output, target)
    return np.abs(output.astype(np.float64) - target).mean(axis=(1, 2, 3)) / 255.0


def psnr(output: Images, target: Images) -> PerPicture:
    """Peak signal-to-noise ratio [N] in decibels, peak 255; infinite for equal pictures."""
    check_images(output, target)
    squared_error = np.square(output.astype(np.float64) - target).mean(axis=(1, 2, 3))
    ratio = np.full(len(squared_error), np.inf)
    np.divide(255.0**2, squared_error, out=ratio, where=squared_error > 0)
    return 10.0 * np.log10(ratio)


def ssim(output: Images, target: Images) -> PerPicture:
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
    check_images(output, target)
    pairs = zip(output, target, strict=True)
    values = [
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
    return np.asarray(values, np.float64)


def sharpness(images: Images) -> PerPicture:
    """Variance [N] of the Laplacian of the luminance (0..1) over inner pixels: 0 is flat, 16 a checkerboard.

    It says little alone, as it depends on subject and S: compare it with that of the same people's true
    pictures of the same S. The four-neighbour Laplacian, as in the focus measure of Pech-Pacheco et al. 2000.
    """
    check_images(images, images)
    luminance = images @ np.asarray(LUMINANCE) / 255.0
    neighbours = luminance[:, :-2, 1:-1] + luminance[:, 2:, 1:-1] + luminance[:, 1:-1, :-2] + luminance[:, 1:-1, 2:]
    return (neighbours - 4.0 * luminance[:, 1:-1, 1:-1]).var(axis=(1, 2))


def change_outside_face(output: Images, source: Images) -> PerPicture:
    """Mean absolute difference [N], as of `l1`, over the pixels outside the face: hair, neck and background.

    The pictures are aligned crops; outside is where a pixel's centre lies beyond the ellipse of FACE_CENTRE and
    FACE_RADII, the four corners: 23 % of the picture. An edit should leave 0; two photos of one person do not (London
    people, neutral and smiling, 64 px: 0.041; two people: 0.177), so report theirs beside it.
    """
    check_images(output, source)
    outside = ~_inside_face(output.shape[1])
    difference = np.abs(output[:, outside].astype(np.float64) - source[:, outside])
    return difference.mean(axis=(1, 2)) / 255.0


def _inside_face(side: int) -> np.ndarray:
    """Which pixels [S, S] lie in the face's ellipse."""
    position = (np.arange(side) + 0.5) / side
    across, down = ((position - centre) / radius for centre, radius in zip(FACE_CENTRE, FACE_RADII, strict=True))
    return down[:, None] ** 2 + across[None] ** 2 <= 1.0


def check_images(output: Images, target: Images) -> None:
    """Raises ValueError unless both are uint8 [N, S, S, 3] and of one shape."""
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
