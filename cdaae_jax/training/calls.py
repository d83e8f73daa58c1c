"""Which steps are taken in one call of the devices, so that launching it costs the host once and not for each."""

from collections.abc import Iterator


def calls(start: int, steps: int, per_call: int, intervals: tuple[int, ...]) -> Iterator[range]:
    """Yields the numbers of the steps of each call, from `start` + 1 to `steps`.

    After a step at which something is due the host has to look, so that no call goes past one. What is left before it
    is taken one by one: a call of another length would be another program to compile.

    Args:
      start: how many steps have been taken.
      steps: how many there are in all.
      per_call: how many are taken in a call where nothing is due before its end.
      intervals: something is due at every multiple of each; 0 is never.
    """
    while start < steps:
        due = min([steps, *((start // each + 1) * each for each in intervals if each)])
        end = start + per_call if start + per_call <= due else start + 1
        yield range(start + 1, end + 1)
        start = end
