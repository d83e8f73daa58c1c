"""Faces keep their numbers from frame to frame; the detector is asked only where one is missing."""

import numpy as np
import pytest

from cdaae_jax.errors import UserError
from cdaae_jax.faces import Face
from cdaae_jax.video import tracks

RATE = 10.0


def face(x, y, size=100.0):
    """A face whose points lie on a circle."""
    angle = np.linspace(0, 2 * np.pi, 478)
    points = np.stack([x + size / 2 * np.cos(angle), y + size / 2 * np.sin(angle)], axis=1)
    return Face(points.astype(np.float32), np.zeros(52, np.float32), 1.0, 1.0)


class ScriptedFinder:
    """Knows where faces are in each frame; a frame is told by the colour of its only pixel."""

    def __init__(self, scenes):
        self.scenes = scenes
        self.searched = []

    def find(self, picture, most=20):
        self.searched.append(int(picture[0, 0, 0]))
        return sorted(self.scenes[picture[0, 0, 0]], key=lambda one: -one.size)[:most]

    def follow(self, picture, last):
        """The nearest face, however far: as the landmark network sometimes does."""
        there = self.scenes[picture[0, 0, 0]]
        return min(there, key=lambda one: np.linalg.norm(one.points[0] - last.points[0]), default=None)


def run(scenes, which="largest"):
    finder = ScriptedFinder(scenes)
    pictures = [np.full((1, 1, 3), i, np.uint8) for i in range(len(scenes))]
    frames = list(tracks.tracked(pictures, RATE, finder, which))
    assert all(frame.picture is picture for frame, picture in zip(frames, pictures, strict=True))
    return [{number: one.points[0, 0] - 50 for number, one in frame.faces.items()} for frame in frames], finder.searched


def test_a_moving_face_is_searched_once_and_keeps_its_number():
    seen, searched = run([[face(100 + 10 * i, 100)] for i in range(8)])
    assert seen == [{0: 100 + 10 * i} for i in range(8)]
    assert searched == [0]


def test_the_largest_face_is_followed_until_it_is_gone():
    small, large = face(400, 100, 80), face(100, 100, 120)
    seen, _ = run([[small]] + [[small, large]] * 3 + [[large]] * 6)
    assert [list(one) for one in seen[:4]] == [[0]] * 4
    assert list(seen[-1]) == [1]


def test_all_faces_are_followed_and_new_ones_found_within_a_second():
    one, other = face(100, 100), face(400, 100)
    seen, searched = run([[one]] * 3 + [[one, other]] * 15, "all")
    assert [set(numbers) for numbers in seen] == [{0}] * 10 + [{0, 1}] * 8
    assert searched == [0, 10]


def test_a_face_that_is_missed_in_one_frame_is_the_same_afterwards():
    there = [face(100, 100)]
    seen, searched = run([there, there, [], there, there])
    assert [list(numbers) for numbers in seen] == [[0], [0], [], [0], [0]]
    assert searched[:2] == [0, 2]


def test_a_face_that_comes_back_later_is_another_one():
    there = [face(100, 100)]
    seen, _ = run([there, *[[]] * 6, *[there] * 4])
    assert list(seen[0]) == [0] and list(seen[-1]) == [1]
    assert not any(seen[1:7])


def test_after_a_cut_the_face_is_another_one_at_once():
    seen, searched = run([[face(100, 100)]] * 3 + [[face(500, 300)]] * 3)
    assert [list(numbers) for numbers in seen] == [[0]] * 3 + [[1]] * 3
    assert searched == [0, 3]


def test_where_nobody_is_there_the_search_is_now_and_then():
    seen, searched = run([[]] * 10)
    assert not any(seen)
    assert searched == [0, 2, 4, 6, 8]


def test_another_choice_of_faces_is_refused():
    with pytest.raises(UserError, match="--face=1 cannot be used with a video; allowed: largest, all"):
        list(tracks.tracked([], RATE, ScriptedFinder([]), "1"))
