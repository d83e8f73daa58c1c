"""Drawings show what is there, and leave white what is not."""

import numpy as np

from cdaae_jax.models.change import Change


def test_each_part_has_its_square():
    flow = np.zeros((1, 8, 8, 2), np.float32)
    flow[:, 2:6, 2:6, 0] = 0.1
    mask = np.zeros((1, 8, 8, 1), np.float32)
    mask[:, 4:] = 1.0
    change = Change(flow, np.full((1, 8, 8, 3), 0.5, np.float32), mask, np.full((1, 8, 8, 3), -1.0, np.float32))
    (sheet,) = change.picture(64)
    assert sheet.shape == (64, 256, 3) and sheet.dtype == np.uint8
    arrows, shift, drawn_mask, paint = np.split(sheet, 4, axis=1)
    assert (arrows[16:48, 16:48] < 255).any() and np.unique(shift) == [186]
    assert drawn_mask[:20].min() == 255 and drawn_mask[-20:].max() == 0
    assert paint[:20].min() == 255 and paint[-20:].max() == 0


def test_a_missing_part_is_white():
    (sheet,) = Change(shift=np.zeros((1, 8, 8, 3), np.float32)).picture(32)
    arrows, shift, mask, paint = np.split(sheet, 4, axis=1)
    assert arrows.min() == mask.min() == paint.min() == 255 and np.unique(shift) == [128]
