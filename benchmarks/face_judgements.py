"""The judgements of `face_quality.py`: each renders what it needs, and returns figures that JSON can hold."""

import itertools
import os
import time

import jax
import numpy as np

from cdaae_jax import labels
from cdaae_jax.data.synthetic_faces import renderer
from cdaae_jax.data.synthetic_faces.action_units import AU_NAMES, au_vector
from cdaae_jax.data.synthetic_faces.emotions import emotion_aus
from cdaae_jax.data.synthetic_faces.identity import stack
from cdaae_jax.evaluation import action_units, judges, landmarks, statistics

BATCH = 32  # pictures per call of the renderer, always filled up: one compilation per picture size
FIRST_PERSON = 100_000  # seeds far from those of the data set's own people


def render(seeds, aus, size):
    """Pictures uint8 [N, size, size, 3] of people (seeds) with AU rows [N, A], in full batches."""
    pictures = []
    for start in range(0, len(seeds), BATCH):
        part = list(range(start, min(start + BATCH, len(seeds))))
        filled = part + part[-1:] * (BATCH - len(part))
        people = stack([renderer.sample_identity(seeds[index]) for index in filled])
        rows = np.stack([aus[index] for index in filled])
        pictures.append(np.asarray(renderer.render_batch(people, rows, size))[: len(part)])
    return np.concatenate(pictures)


def random_aus(count, seed):
    """AU rows [count, A]: half emotions of random strength, half random action units, drawn from `seed`."""
    rng = np.random.default_rng(seed)
    rows = []
    for index in range(count):
        if index % 2:
            names = rng.choice(labels.DISFA_AUS, rng.integers(1, 5), replace=False)
            rows.append(au_vector({str(name): rng.uniform(0.5, 5) for name in names}))
        else:
            rows.append(emotion_aus({str(rng.choice(labels.EMOTIONS)): rng.uniform(0.3, 1)}))
    return np.stack(rows)


def judge_found(landmarker, args):
    """How often a face is found, what was rendered where it was not, and where the pupils lie."""
    aus = random_aus(args.pictures, args.seed)
    seeds = [FIRST_PERSON + args.seed + index for index in range(args.pictures)]
    pictures = render(seeds, aus, args.size)
    faces = landmarker.find(pictures)
    pupils = faces.points[faces.found][:, landmarks.PUPILS] / args.size
    return {
        "pictures": args.pictures,
        "rate": float(faces.found.mean()),
        "mean_score": float(faces.score.mean()),
        # Aligned pictures have them at (0.34, 0.38) and (0.66, 0.38).
        "mean_pupils": np.round(pupils.mean(axis=0, dtype=np.float64), 4).tolist(),
        "pupils_spread": np.round(pupils.std(axis=0, dtype=np.float64), 4).tolist(),
        "missed": [
            {
                "seed": seed,
                "aus": {AU_NAMES[column]: float(row[column]) for column in np.flatnonzero(row)},
                "score": float(score),
            }
            for seed, row, score, found in zip(seeds, aus, faces.score, faces.found, strict=True)
            if not found
        ],
    }


def people_with_emotions(args):
    """Pictures [P * 8, size, size, 3] of people with every emotion, and who and what each shows."""
    who = np.repeat(np.arange(args.people), len(labels.EMOTIONS))
    what = np.tile(np.arange(len(labels.EMOTIONS)), args.people)
    seeds = [FIRST_PERSON + args.seed + int(person) for person in who]
    return render(seeds, [emotion_aus({labels.EMOTIONS[index]: 1.0}) for index in what], args.size), who, what


def judge_identity(judge, pictures, who):
    """Distances of embeddings of one person's expressions, and of two people, all pairs."""
    embeddings = judge.embed(pictures).astype(np.float64)
    squares = (embeddings**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * embeddings @ embeddings.T, 0))
    first, second = np.triu_indices(len(who), 1)
    same_person = who[first] == who[second]
    same, different = distances[first, second][same_person], distances[first, second][~same_person]
    return {
        "auc": statistics.area_under_roc(-same, -different),
        "mean_same": float(same.mean()),
        "mean_different": float(different.mean()),
        "same_95": float(np.quantile(same, 0.95)),
        "different_5": float(np.quantile(different, 0.05)),
        "accepted_same": float((same < judges.SAME_PERSON_DISTANCE).mean()),
        "accepted_different": float((different < judges.SAME_PERSON_DISTANCE).mean()),
        "pairs_same": len(same),
        "pairs_different": len(different),
    }


def judge_expression(judge, pictures, what):
    """The confusion matrix: what was asked for (rows) and what was read (columns), as shares of each row."""
    read = judge.probabilities(pictures).argmax(axis=1)
    confusion = {
        emotion: {name: float((read[what == row] == column).mean()) for column, name in enumerate(judge.classes)}
        for row, emotion in enumerate(labels.EMOTIONS)
    }
    return {
        "confusion": confusion,
        "recall": {emotion: shares[emotion] for emotion, shares in confusion.items() if emotion in shares},
    }


def rises(values):
    """How a read-out [P, 6] follows the intensities 0 to 5: NaN rows (no face found) are left out."""
    values = values[~np.isnan(values).any(axis=1)]
    if not len(values):
        return {"means": [None] * 6, "spearman": None, "monotone": False, "people_monotone": 0.0}
    change = values - values[:, :1]
    intensities = np.tile(np.arange(6), len(values))
    means = values.mean(axis=0)
    correlation = statistics.spearman(change.ravel(), intensities)
    return {
        "means": means.tolist(),
        "spearman": None if np.isnan(correlation) else correlation,
        "monotone": bool((np.diff(means) > 0).all()),
        "people_monotone": float((np.diff(values, axis=1) > 0).all(axis=1).mean()),
    }


def judge_action_units(landmarker, args):
    """The read-outs of each action unit, 0 to 5 one at a time, over `args.au_people` people."""
    seeds = [FIRST_PERSON + args.seed + index for index in range(args.au_people)]
    neutral = landmarker.find(render(seeds, [au_vector({})] * len(seeds), args.size))
    results = {}
    for name in labels.DISFA_AUS:
        graded = list(itertools.product(range(1, 6), seeds))
        pictures = render([seed for _, seed in graded], [au_vector({name: level}) for level, _ in graded], args.size)
        graded_faces = landmarker.find(pictures)
        faces = landmarks.Faces(*(np.concatenate(pair) for pair in zip(neutral, graded_faces, strict=True)))
        by_person = action_units.readouts(faces.points)[name].reshape(6, -1).T
        result = {"found": float(faces.found.mean()), "landmarks": rises(by_person)}
        if name in action_units.BLENDSHAPES:
            values = landmarks.blendshape(faces, action_units.BLENDSHAPES[name]).reshape(6, -1).T
            result["blendshape"] = {"name": action_units.BLENDSHAPES[name]} | rises(values)
        results[name] = result
    return results


def measure_speed(repeats=5):
    """Pictures a second at 64 px, in batches of BATCH, drawing the identities not counted."""
    people = stack([renderer.sample_identity(FIRST_PERSON + index) for index in range(BATCH)])
    rows = random_aus(BATCH, seed=0)
    start = time.perf_counter()
    np.asarray(renderer.render_batch(people, rows, 64))
    first = time.perf_counter() - start
    rates = []
    for _ in range(repeats):
        start = time.perf_counter()
        np.asarray(renderer.render_batch(people, rows, 64))
        rates.append(BATCH / (time.perf_counter() - start))
    return {
        "pictures_a_second": float(np.median(rates)),
        "best": max(rates),
        "first_call_s": first,
        "batch": BATCH,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "device": jax.devices()[0].device_kind,
    }
