"""The judgements of face_quality.py: each renders what it needs, and returns figures that JSON can hold."""

import os
import time

import jax
import numpy as np

from cdaae_jax import labels
from cdaae_jax.data.synthetic_faces import renderer
from cdaae_jax.data.synthetic_faces.action_units import AU_NAMES, au_vector
from cdaae_jax.data.synthetic_faces.emotions import emotion_aus
from cdaae_jax.data.synthetic_faces.identity import stack
from cdaae_jax.evaluation.judges import face_api, landmark_readouts, landmarks
from cdaae_jax.evaluation.measures import statistics
from cdaae_jax.faces.networks import PUPILS

BATCH = 32  # pictures per call of the renderer, always filled up: one compilation per picture size
FIRST_PERSON = 100_000  # seeds far from those of the data set's own people


def render(people, aus, size):
    """Pictures uint8 [N, size, size, 3] of N people (`Identity`) with AU rows [N, A], in full batches."""
    pictures = []
    for start in range(0, len(people), BATCH):
        part = list(range(start, min(start + BATCH, len(people))))
        filled = part + part[-1:] * (BATCH - len(part))
        rows = np.stack([aus[index] for index in filled])
        pictures.append(renderer.render_batch(stack([people[index] for index in filled]), rows, size)[: len(part)])
    return np.concatenate(pictures)


def draw_people(count, seed):
    """The first `count` people of the judgement, by `seed`; the same ones whatever is judged."""
    return [renderer.sample_identity(FIRST_PERSON + seed + index) for index in range(count)]


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
    faces = landmarker.find(render(draw_people(args.pictures, args.seed), aus, args.size))
    pupils = faces.points[faces.found][:, PUPILS] / args.size
    return {
        "pictures": args.pictures,
        "rate": float(faces.found.mean()),
        "mean_score": float(faces.score.mean()),
        # Aligned pictures have them at (0.34, 0.38) and (0.66, 0.38).
        "mean_pupils": np.round(pupils.mean(axis=0, dtype=np.float64), 4).tolist(),
        "pupils_spread": np.round(pupils.std(axis=0, dtype=np.float64), 4).tolist(),
        "missed": [
            {
                "person": FIRST_PERSON + args.seed + int(index),
                "aus": {AU_NAMES[column]: float(aus[index, column]) for column in np.flatnonzero(aus[index])},
                "score": float(faces.score[index]),
            }
            for index in np.flatnonzero(~faces.found)
        ],
    }


def people_with_emotions(args):
    """Pictures [P * 8, size, size, 3] of people with every emotion, and who and what each shows."""
    who = np.repeat(np.arange(args.people), len(labels.EMOTIONS))
    what = np.tile(np.arange(len(labels.EMOTIONS)), args.people)
    people = draw_people(args.people, args.seed)
    aus = [emotion_aus({labels.EMOTIONS[index]: 1.0}) for index in what]
    return render([people[index] for index in who], aus, args.size), who, what


def people_relit(args):
    """Neutral pictures [P, size, size, 3] of the same people in the next one's light and room."""
    people = draw_people(args.people, args.seed)
    portrait = ("light_x", "light_y", "light_contrast", "light_warmth", "background")
    relit = [
        person._replace(**{field: getattr(other, field) for field in portrait})
        for person, other in zip(people, people[1:] + people[:1], strict=True)
    ]
    return render(relit, [au_vector({})] * len(relit), args.size)


def judge_identity(judge, pictures, who, relit):
    """Distances of embeddings of one person's expressions and of two people's, all pairs.

    A person's light and room are part of the identity, which could help to tell people apart: so the same once
    more for every picture against everybody's neutral in somebody else's light (`relit`, one for each person).
    """
    embeddings = judge.embed(pictures)
    first, second = np.triu_indices(len(who), 1)
    distances = _distances(embeddings, embeddings)[first, second]
    same, different = distances[who[first] == who[second]], distances[who[first] != who[second]]
    in_other_light = _distances(embeddings, judge.embed(relit))
    is_same = who[:, None] == np.arange(len(relit))
    return {
        "auc": statistics.area_under_roc(-same, -different),
        "mean_same": float(same.mean()),
        "mean_different": float(different.mean()),
        "same_95": float(np.quantile(same, 0.95)),
        "different_5": float(np.quantile(different, 0.05)),
        "accepted_same": float((same < face_api.SAME_PERSON_DISTANCE).mean()),
        "accepted_different": float((different < face_api.SAME_PERSON_DISTANCE).mean()),
        "auc_other_light": statistics.area_under_roc(-in_other_light[is_same], -in_other_light[~is_same]),
        "mean_same_other_light": float(in_other_light[is_same].mean()),
    }


def _distances(first, second):
    """Euclidean distances [N, M] of rows."""
    first, second = first.astype(np.float64), second.astype(np.float64)
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1) - 2 * first @ second.T
    return np.sqrt(np.maximum(squares, 0))


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
    """How a read-out [P, 6] of P people follows the intensities 0 to 5; who lacks a face in one is left out."""
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
    people = draw_people(args.au_people, args.seed)
    neutral = landmarker.find(render(people, [au_vector({})] * len(people), args.size))
    results = {}
    for name in labels.DISFA_AUS:
        rows = [au_vector({name: level}) for level in range(1, 6) for _ in people]
        graded_faces = landmarker.find(render(people * 5, rows, args.size))
        faces = landmarks.Faces(*(np.concatenate(pair) for pair in zip(neutral, graded_faces, strict=True)))
        by_person = landmark_readouts.readouts(faces.points)[name].reshape(6, -1).T
        result = {"found": float(faces.found.mean()), "landmarks": rises(by_person)}
        if name in landmark_readouts.BLENDSHAPES:
            values = landmarks.blendshape(faces, landmark_readouts.BLENDSHAPES[name]).reshape(6, -1).T
            result["blendshape"] = {"name": landmark_readouts.BLENDSHAPES[name]} | rises(values)
        results[name] = result
    return results


def measure_speed(repeats=5):
    """Pictures a second at 64 px, in batches of BATCH, drawing the identities not counted."""
    people = stack(draw_people(BATCH, seed=0))
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
