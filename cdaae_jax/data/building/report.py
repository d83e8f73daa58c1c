"""What a build came to, written beside the records: build_report.json."""

import collections
import json
import logging
import pathlib
from collections.abc import Mapping, Sequence

from cdaae_jax import files
from cdaae_jax.data.building.found import Found, LeftOut
from cdaae_jax.data.records import SPLITS

NAME = "build_report.json"
_LOG = logging.getLogger(__name__)
_SHOWN = 5


def write(
    folder: pathlib.Path,
    taken: Mapping[str, Sequence[Found]],
    left_out: Sequence[LeftOut],
    not_asked_for: Mapping[str, int],
) -> None:
    """Writes the report and logs its sums.

    Args:
      folder: where to.
      taken: the pictures of each split.
      left_out: every file that cannot be used or is missing, and why.
      not_asked_for: how many files options leave out.
    """
    everything = [found for split in taken.values() for found in split]
    content = {
        "pictures": len(everything),
        "people": len({found.subject for found in everything}),
        "splits": {
            name: {"pictures": len(taken[name]), "people": len({found.subject for found in taken[name]})}
            for name in SPLITS
            if name in taken
        },
        "expressions": dict(sorted(collections.Counter(found.expression for found in everything).items())),
        "not_asked_for": dict(sorted(not_asked_for.items())),
        "left_out": len(left_out),
        "files_left_out": [each._asdict() for each in sorted(left_out)],
    }
    files.write_text(folder / NAME, json.dumps(content, indent=1) + "\n")
    _LOG.info("%d pictures of %d people", content["pictures"], content["people"])
    for option, count in not_asked_for.items():
        _LOG.info("%d files are not asked for (%s)", count, option)
    reasons = collections.Counter(each.why for each in left_out)
    for why, count in reasons.most_common(_SHOWN):
        first = min(each.file for each in left_out if each.why == why)
        _LOG.warning("left out %d: %s (first: %s)", count, why, first)
    if len(reasons) > _SHOWN:
        _LOG.warning("and for %d other reasons; all of them are listed in %s", len(reasons) - _SHOWN, NAME)
