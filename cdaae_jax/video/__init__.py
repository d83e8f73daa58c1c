"""Videos: faces followed from frame to frame, changed steadily, and written with the sound that was there."""
