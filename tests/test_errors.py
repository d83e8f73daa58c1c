"""What the exceptions carry and say."""

import pickle

from cdaae_jax.errors import Stopped, named


def test_a_stop_says_where_and_how_to_go_on():
    stop = Stopped(12, 30)
    assert (stop.step, stop.steps) == (12, 30)
    assert str(stop) == "stopped after step 12 of 30; run the same command again to go on"
    assert str(pickle.loads(pickle.dumps(stop))) == str(stop)  # as it comes from another process


def test_messages_name_three_and_count_the_others():
    assert named({"b", "a"}) == "a, b"
    assert named(["p5", "p3", "p1", "p4", "p2"]) == "p1, p2, p3 and 2 more"
