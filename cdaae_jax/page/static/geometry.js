// Where a face lies: between the aligned picture, whose sides are 1, and pixels of the photo.

/** Returns the similarity {a, b, x, y}: photo = (a u - b v + x, b u + a v + y) for (u, v) of the aligned picture. */
export function placement([first, second], alignment) {
  const across = alignment.right_eye_x - alignment.left_eye_x;
  const a = (second[0] - first[0]) / across;
  const b = (second[1] - first[1]) / across;
  const u = alignment.left_eye_x;
  const v = alignment.eyes_y;
  return { a, b, x: first[0] - (a * u - b * v), y: first[1] - (b * u + a * v) };
}

/** Returns a place of the aligned picture as a place of the photo. */
export function toPhoto({ a, b, x, y }, u, v) {
  return [a * u - b * v + x, b * u + a * v + y];
}

/** Returns a place of the photo as a place of the aligned picture. */
export function toAligned({ a, b, x, y }, px, py) {
  const square = a * a + b * b;
  return [(a * (px - x) + b * (py - y)) / square, (a * (py - y) - b * (px - x)) / square];
}

/** Returns the box [left, top, right, bottom] around points. */
export function boxAround(points) {
  const xs = points.map((point) => point[0]);
  const ys = points.map((point) => point[1]);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** Returns a face in a photo that is `scale` times as large. */
export function scaled(face, scale) {
  const larger = (points) => points.map(([x, y]) => [x * scale, y * scale]);
  return { eyes: larger(face.eyes), hull: larger(face.hull) };
}
