// How much of a change is made where, and in which squares: the steps of cdaae_jax.photos.region.
import { toAligned, toPhoto } from "./geometry.js";

/** Returns the window over the aligned picture, float32 [cells, cells], 0..1. */
export function windowOf(hull, matrix, known) {
  const cells = known.windowCells;
  const edges = outwardEdges(hull.map(([x, y]) => toAligned(matrix, x, y)));
  const values = new Float32Array(cells * cells);
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      const u = (column + 0.5) / cells;
      const v = (row + 0.5) / cells;
      let outside = Infinity;
      for (let step = 0; step < known.chinSteps; step++) {
        outside = Math.min(outside, distance(edges, u, v - (known.chin * step) / (known.chinSteps - 1)));
      }
      const half = 0.5 / cells;
      const border = Math.min(u - half, v - half, 1 - half - u);
      values[row * cells + column] =
        smooth(1 - (outside - known.reach) / known.fade) *
        smooth(border / known.borderFade) *
        smooth((1 - half - v) / known.bottomFade);
    }
  }
  return values;
}

function outwardEdges(corners) {
  const middle = [0, 1].map((axis) => corners.reduce((sum, corner) => sum + corner[axis], 0) / corners.length);
  let inwards = 0;
  const edges = corners.map(([x, y], index) => {
    const [nextX, nextY] = corners[(index + 1) % corners.length];
    const length = Math.max(Math.hypot(nextX - x, nextY - y), 1e-12);
    const normal = [(nextY - y) / length, -(nextX - x) / length];
    inwards += normal[0] * (x - middle[0]) + normal[1] * (y - middle[1]);
    return [normal[0], normal[1], normal[0] * x + normal[1] * y];
  });
  return inwards < 0 ? edges.map((edge) => edge.map((value) => -value)) : edges;
}

function distance(edges, u, v) {
  let most = -Infinity;
  for (const [x, y, offset] of edges) most = Math.max(most, x * u + y * v - offset);
  return most;
}

function smooth(share) {
  const s = Math.min(Math.max(share, 0), 1);
  return s * s * (3 - 2 * s);
}

/** Returns what has to be made anew: squares {x, y, side} of the photo, and the part {left, top, width, height} of each. */
export function parts(strength, matrix, flow, amount, photo, known) {
  const cells = known.windowCells;
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  strength.forEach((value, index) => {
    if (value === 0) return;
    for (const [dx, dy] of [[-2, -2], [2, -2], [-2, 2], [2, 2]]) {
      const u = ((index % cells) + 0.5 + dx) / cells;
      const v = (Math.trunc(index / cells) + 0.5 + dy) / cells;
      const [x, y] = toPhoto(matrix, u, v);
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x);
      box[3] = Math.max(box[3], y);
    }
  });
  if (box[0] > box[2]) return [];
  const within = (value, most) => Math.min(Math.max(value, 0), most);
  const [left, right] = [within(Math.floor(box[0]), photo.width), within(Math.ceil(box[2]), photo.width)];
  const [top, bottom] = [within(Math.floor(box[1]), photo.height), within(Math.ceil(box[3]), photo.height)];
  let farthest = 0;
  for (let at = 0; at < flow.length; at += 2) farthest = Math.max(farthest, Math.hypot(flow[at], flow[at + 1]));
  const margin = Math.ceil(1.1 * amount * farthest * Math.hypot(matrix.a, matrix.b)) + 3;
  const most = Math.max(known.largestSide - 2 * margin, Math.trunc(known.largestSide / 4));
  const made = [];
  for (const [y, below] of pieces(top, bottom, most)) {
    for (const [x, beside] of pieces(left, right, most)) {
      const width = beside - x;
      const height = below - y;
      if (!width || !height) continue;
      const side = nextSide(Math.max(width, height) + 2 * margin, known.smallestSide);
      made.push({ x: x - margin, y: y - margin, side, part: { left: margin, top: margin, width, height } });
    }
  }
  return made;
}

function pieces(first, last, most) {
  const count = Math.max(1, Math.ceil((last - first) / most));
  const end = (index) => Math.round(first + ((last - first) * index) / count);
  return Array.from({ length: count }, (_, index) => [end(index), end(index + 1)]);
}

function nextSide(needed, smallest) {
  const least = Math.max(needed, smallest);
  const power = 2 ** Math.max(0, Math.ceil(Math.log2(least)) - 3);
  return Math.ceil(least / power) * power;
}
