// What the page needs of MediaPipe's 478 points: the eyes and the shape around them, as cdaae_jax.faces.finder has them.

// The person's right eye first: pupil, corners, and pairs of upper and lower lid.
const EYES = [
  { pupil: 468, corners: [33, 133], lids: [[158, 144], [159, 145], [160, 153]] },
  { pupil: 473, corners: [362, 263], lids: [[385, 380], [386, 374], [387, 373]] },
];
const CLOSED = 0.12; // in widths of the eye

const apart = (one, other) => Math.hypot(one[0] - other[0], one[1] - other[1]);

/** Returns the pupils; where an eye is closed or its iris hidden, the middle between its corners stands in. */
export function eyesOf(points) {
  return EYES.map(({ pupil, corners, lids }) => {
    const [first, second] = corners.map((corner) => points[corner]);
    const width = apart(first, second);
    const gap = lids.reduce((sum, [upper, lower]) => sum + apart(points[upper], points[lower]), 0) / lids.length;
    const middle = [(first[0] + second[0]) / 2, (first[1] + second[1]) / 2];
    return gap < CLOSED * width || apart(points[pupil], middle) > width / 2 ? middle : points[pupil];
  });
}

/** Returns the corners of the smallest convex shape around points, in order. */
export function hullOf(points) {
  const sorted = [...points].sort((one, other) => one[0] - other[0] || one[1] - other[1]);
  const half = (ordered) => {
    const corners = [];
    for (const point of ordered) {
      while (corners.length > 1 && turn(corners.at(-2), corners.at(-1), point) <= 0) corners.pop();
      corners.push(point);
    }
    return corners.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

function turn(from, by, to) {
  return (by[0] - from[0]) * (to[1] - from[1]) - (by[1] - from[1]) * (to[0] - from[0]);
}
