"""How well outputs keep the person: an identity network's embeddings, compared with those of the person's source.

Give the outputs of a model, then the real targets of the same people (the ceiling), then somebody else's source
(the floor, see `other_people`): all three are measured by the same functions.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int64, Shaped

from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.measures.statistics import Statistic, verification_rate

Embeddings = Float[np.ndarray, "n d"]
People = Shaped[np.ndarray, "n"]

FALSE_ACCEPT_RATE = 0.001


def identity_statistics(
    output: Embeddings, source: Embeddings, person: People, thresholds: Mapping[str, float]
) -> dict[str, Statistic]:
    """How well N outputs keep the people in N sources.

    Args:
      output: [N, D] embeddings of the outputs.
      source: [N, D] embeddings of the pictures that they were made of, usually the same for all rows of a person.
      person: [N] ids.
      thresholds: by the rate's name, the Euclidean distance below which a network says "the same person"
        (`IdentityJudge.thresholds`).

    Returns, as functions of row numbers [M] with repetitions, NaN where there is nothing to count:
      identity_distance: mean Euclidean distance to the source: the average content distance (ACD) of MoCoGAN (Tulyakov
        et al. 2018), taken per edit and not over the frames of a video.
      identity_cosine: mean cosine of the angle to the source, -1..1.
      each name of `thresholds`: the share of outputs nearer to their source than that, 0..1.
      verified_at_1_in_1000: the same at the threshold that accepts at most 0.1 % of the pairs of an output and
        ANOTHER person's source, see `statistics.verification_rate`. 16 people with 7 edits each have
        1,680 such pairs, of which one may be accepted; with fewer than 1,000 none may.
      rank_one: the share of outputs whose nearest source among all people's is their own person's, 0..1; a tie
        with somebody else's counts as wrong (Phillips et al. 2000).
    In the last two, the other people are those whose rows are drawn. A person who is drawn twice counts twice for the
    others, but never as another person to themselves.
    """
    output, source = np.asarray(output, np.float64), np.asarray(source, np.float64)
    distance = np.linalg.norm(output - source, axis=1)
    lengths = np.linalg.norm(output, axis=1) * np.linalg.norm(source, axis=1)
    statistics = {
        "identity_distance": _mean(distance),
        "identity_cosine": _mean((output * source).sum(axis=1) / lengths),
    }
    for name, threshold in thresholds.items():
        statistics[name] = _mean(distance < threshold)
    strangers = _Strangers(output, source, person)

    def verified(rows: Int64[np.ndarray, " rows"]) -> float:
        return verification_rate(distance[rows], strangers.distances(rows), FALSE_ACCEPT_RATE)

    def rank_one(rows: Int64[np.ndarray, " rows"]) -> float:
        nearest = strangers.nearest(rows)
        # Without anybody else, everybody is nearest to themselves.
        return float((strangers.own[rows] < nearest).mean()) if np.isfinite(nearest).any() else float("nan")

    return statistics | {"verified_at_1_in_1000": verified, "rank_one": rank_one}


def other_people(person: People) -> Int64[np.ndarray, " n"]:
    """For each of N rows, the first row of the next person in sorted order; the last person's next is the first.

    Used as outputs, the sources of these rows are the floor: `identity_statistics(source[rows], source, ...)`. Its
    rank_one is 0 by construction, and so is verified_at_1_in_1000 if there are fewer than 1,000 people.

    Raises:
      UserError: there is only one person.
    """
    people, first, number = np.unique(np.asarray(person), return_index=True, return_inverse=True)
    if len(people) < 2:
        raise UserError(f"{len(people)} person is judged, two are needed to compare different people; hold out more")
    return first[(number + 1) % len(people)]


class _Strangers:
    """Distances from outputs to sources, to the person's own and to other people's.

    Attributes:
      own: [N] from each output to the nearest source of its own person.
      others: [N, G] to each different source (all of one person's equal ones are one), infinite for one's own.
    """

    def __init__(self, output: Embeddings, source: Embeddings, person: People):
        _, self._number = np.unique(np.asarray(person), return_inverse=True)
        # Equal sources share a column: 640 outputs of 16 people need 16 columns, not 640.
        _, gallery = np.unique(np.column_stack([self._number, source]), axis=0, return_index=True)
        self._owner = self._number[gallery]
        # One by one and not by a matrix product, so that equal embeddings are exactly 0 apart and ties stay ties.
        distances = np.stack([np.linalg.norm(output - one, axis=1) for one in source[gallery]], axis=1)
        own = self._number[:, None] == self._owner
        self.own = np.where(own, distances, np.inf).min(axis=1)
        self.others = np.where(own, np.inf, distances)

    def _times_drawn(self, rows: Int64[np.ndarray, " rows"]) -> Int64[np.ndarray, " sources"]:
        """How often each source's person is among the rows: as often as their most frequent row."""
        times = np.zeros(self._number.max() + 1, int)
        np.maximum.at(times, self._number, np.bincount(rows, minlength=len(self._number)))
        return times[self._owner]

    def distances(self, rows: Int64[np.ndarray, " rows"]) -> Float[np.ndarray, " pairs"]:
        """All distances of the rows' outputs to other drawn people's sources."""
        columns = np.repeat(np.arange(len(self._owner)), self._times_drawn(rows))
        found = self.others[np.ix_(rows, columns)].ravel()
        return found[np.isfinite(found)]

    def nearest(self, rows: Int64[np.ndarray, " rows"]) -> Float[np.ndarray, " rows"]:
        """The distance of each row's output to the nearest other drawn person's source, infinite without any."""
        return self.others[np.ix_(rows, self._times_drawn(rows) > 0)].min(axis=1, initial=np.inf)


def _mean(values: np.ndarray) -> Statistic:
    return lambda rows: float(values[rows].mean()) if len(rows) else float("nan")
