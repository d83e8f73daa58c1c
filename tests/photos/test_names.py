"""The names of edited files can be read by people, and known again by the program."""

import pathlib

import numpy as np
import pytest

from cdaae_jax.photos import names


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (("happy", None, 1.0, "largest", False), "me.happy.jpg"),
        (("happy=0.7,surprised=0.3", None, 1.0, "largest", False), "me.happy-0.7_surprised-0.3.jpg"),
        ((" AU12 = 3 , AU6=2 ", None, 0.5, "all", False), "me.AU12-3_AU6-2_amount-0.5_face-all.jpg"),
        (("neutral", "happy=.5", 1.0, 2, True), "me.neutral_to_happy-.5_face-2_side-by-side.jpg"),
    ],
)
def test_every_option_is_in_the_name_and_the_name_is_known_again(options, name):
    photo = pathlib.Path("photos/me.jpg")
    edited = names.beside(photo, names.suffix_of(*options))
    assert edited == pathlib.Path("photos") / name
    assert names.is_edited(edited, {"me"}, ())
    assert not names.is_edited(edited, {"you"}, ())  # the photo is gone, so this is one of its own
    assert not names.is_edited(photo, {"me"}, ())


def test_every_kind_of_label_has_a_name():
    assert names.suffix_of({"AU12": 3, "AU6": 2.5}) == names.suffix_of("AU12=3, AU6=2.5") == "AU12-3_AU6-2.5"
    assert names.suffix_of(np.array([0.5, 0.5]), face=1) == "edited_face-1"


def test_names_that_only_look_alike_are_photos():
    for name in ("me.2.jpg", "me.final.jpg", "me.happy_day.jpg", "happy.jpg", "me.happy.again.jpg"):
        assert not names.is_edited(pathlib.Path(name), {"me", "happy"}, ()), name
    assert names.is_edited(pathlib.Path("me.wink-0.5.jpg"), {"me"}, ("wink",))


def test_an_edit_may_have_another_folder_and_ending():
    edited = names.beside(pathlib.Path("a/b.c.jpg"), "happy", pathlib.Path("out"), ".gif")
    assert edited == pathlib.Path("out/b.c.happy.gif")
