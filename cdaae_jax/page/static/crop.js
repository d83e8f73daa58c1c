// The face as a network sees it: turned, scaled and cropped, by the steps of cdaae_jax.data.alignment.crop.
import { toPhoto } from "./geometry.js";
import { cubic } from "./grids.js";
import { reduced } from "./pillow.js";

const SUPERSAMPLING = 2;
const SLOPE = -1; // of the cubic of Pillow's transform

/** Returns the aligned face, RGB bytes, `size` pixels high and wide; beyond the photo its border is repeated. */
export function alignedFace(context, matrix, size) {
  const { width, height } = context.canvas;
  const corners = [[0, 0], [1, 0], [0, 1], [1, 1]].map(([u, v]) => toPhoto(matrix, u, v));
  const xs = corners.map((corner) => corner[0]);
  const ys = corners.map((corner) => corner[1]);
  const widest = Math.max(...xs, ...ys) - Math.min(...xs, ...ys);
  const room = Math.max(8, Math.trunc(widest / size) * 4);
  const left = clip(Math.floor(Math.min(...xs)) - room, 0, width - 1);
  const top = clip(Math.floor(Math.min(...ys)) - room, 0, height - 1);
  const right = clip(Math.ceil(Math.max(...xs)) + room, left + 1, width);
  const bottom = clip(Math.ceil(Math.max(...ys)) + room, top + 1, height);
  const factor = Math.max(1, Math.trunc(Math.hypot(matrix.a, matrix.b) / size));
  const small = reduced(context.getImageData(left, top, right - left, bottom - top), factor);
  const made = new Uint8Array(size * size * 3);
  const step = 1 / (size * SUPERSAMPLING);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const total = [0, 0, 0];
      for (let part = 0; part < SUPERSAMPLING ** 2; part++) {
        const u = (column * SUPERSAMPLING + (part % SUPERSAMPLING) + 0.5) * step;
        const v = (row * SUPERSAMPLING + Math.trunc(part / SUPERSAMPLING) + 0.5) * step;
        const [x, y] = toPhoto(matrix, u, v);
        addSample(total, small, (x - left) / factor, (y - top) / factor);
      }
      for (let c = 0; c < 3; c++) made[(row * size + column) * 3 + c] = clip(Math.round(total[c] / SUPERSAMPLING ** 2), 0, 255);
    }
  }
  return made;
}

function addSample(total, { data, width, height }, x, y) {
  const column = Math.floor(x - 0.5);
  const row = Math.floor(y - 0.5);
  const across = x - 0.5 - column;
  const down = y - 0.5 - row;
  let red = 0, green = 0, blue = 0;
  for (let j = -1; j < 3; j++) {
    const weightDown = cubic(down - j, SLOPE);
    const start = clip(row + j, 0, height - 1) * width;
    for (let i = -1; i < 3; i++) {
      const weight = weightDown * cubic(across - i, SLOPE);
      const at = (start + clip(column + i, 0, width - 1)) * 4;
      red += weight * data[at];
      green += weight * data[at + 1];
      blue += weight * data[at + 2];
    }
  }
  total[0] += Math.trunc(clip(red, 0, 255));
  total[1] += Math.trunc(clip(green, 0, 255));
  total[2] += Math.trunc(clip(blue, 0, 255));
}

function clip(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
