// What the face detector's numbers mean: the steps of cdaae_jax.faces.detections.

export const DETECTOR_SIDE = 128;
export const MIN_SCORE = 0.5;
const MIN_OVERLAP = 0.3;
const MOST_OF_SMALLER = 0.6;

export function sigmoid(logit) {
  return 1 / (1 + Math.exp(-Math.min(Math.max(logit, -100), 100)));
}

// The centres of the detector's anchors: two for each cell of a 16 x 16 grid, then six for each of 8 x 8.
const ANCHORS = [[16, 2], [8, 6]].flatMap(([side, count]) =>
  Array.from({ length: side * side * count }, (_, index) => {
    const cell = Math.trunc(index / count);
    return [((cell % side) + 0.5) / side, (Math.trunc(cell / side) + 0.5) / side];
  }),
);

/** Returns {score, low, high, eyes} of each face, fractions of the view, the highest score first. */
export function detections(regressors, logits) {
  let left = [];
  for (let index = 0; index < ANCHORS.length; index++) {
    const score = sigmoid(logits[index]);
    if (score < MIN_SCORE) continue;
    const at = (pair) => [0, 1].map((axis) => regressors[index * 16 + pair * 2 + axis] / DETECTOR_SIDE);
    const moved = (pair) => at(pair).map((value, axis) => Math.fround(ANCHORS[index][axis] + value));
    const centre = moved(0);
    const half = at(1).map((value) => value / 2);
    left.push({
      score,
      low: centre.map((value, axis) => Math.fround(value - half[axis])),
      high: centre.map((value, axis) => Math.fround(value + half[axis])),
      eyes: [moved(2), moved(3)],
    });
  }
  const found = [];
  while (left.length) {
    const best = left.reduce((one, other) => (other.score > one.score ? other : one));
    const same = left.filter((one) => one === best || overlap(one, best) > MIN_OVERLAP);
    const total = same.reduce((sum, one) => sum + one.score, 0);
    const average = (points) => [0, 1].map((axis) => same.reduce((sum, one) => sum + one.score * points(one)[axis], 0) / total);
    found.push({
      score: best.score,
      low: average((one) => one.low),
      high: average((one) => one.high),
      eyes: [0, 1].map((eye) => average((one) => one.eyes[eye])),
    });
    left = left.filter((one) => !same.includes(one));
  }
  return found;
}

/** Returns a detection of a view in pixels of the photo, whose square of `side` pixels at `corner` the view is. */
export function placed({ score, low, high, eyes }, side, corner) {
  const [first, last, right, left] = [low, high, ...eyes].map((point) => point.map((value, axis) => value * side + corner[axis]));
  return { score, low: first, high: last, eyes: [right, left] };
}

/** Returns detections of overlapping views with each face once, the highest score first. */
export function merged(found) {
  const kept = [];
  for (const one of [...found].sort((first, second) => second.score - first.score)) {
    if (!kept.some((other) => sameFace(one, other))) kept.push(one);
  }
  return kept;
}

// A view that cuts a face shows a smaller box inside the whole one.
function sameFace(one, other) {
  const smaller = Math.min(area(one), area(other));
  return overlap(one, other) > MIN_OVERLAP || shared(one, other) > MOST_OF_SMALLER * smaller;
}

function overlap(one, other) {
  const both = shared(one, other);
  return both / Math.max(area(one) + area(other) - both, 1e-12);
}

function shared(one, other) {
  const [x, y] = [0, 1].map((axis) => Math.max(0, Math.min(one.high[axis], other.high[axis]) - Math.max(one.low[axis], other.low[axis])));
  return x * y;
}

function area({ low, high }) {
  return (high[0] - low[0]) * (high[1] - low[1]);
}
