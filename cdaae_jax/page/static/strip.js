// The chosen face from nothing to more than what is asked.
import { canvasOf } from "./photo.js";
import { editFaces } from "./editing.js";
import { boxAround } from "./geometry.js";

export const SHARES = [0, 0.25, 0.5, 0.75, 1, 1.25];
const SIDE = 168; // pixels of each picture, twice what a quiet screen shows

/** Yields a small picture for each of SHARES; stops when `current()` turns false. */
export async function* strip(photo, tools, current) {
  const face = photo.faces[photo.chosen];
  const [left, top, right, bottom] = boxAround(face.work.hull);
  const side = Math.max(right - left, bottom - top) * 1.35;
  const x = (left + right - side) / 2;
  const y = (top + bottom - side) / 2;
  for (const share of SHARES) {
    const context = canvasOf(photo.work.canvas, photo.work.canvas.width, photo.work.canvas.height);
    await editFaces(context, [face], "work", tools, share);
    if (!current()) return;
    const small = document.createElement("canvas");
    small.width = small.height = SIDE;
    const drawing = small.getContext("2d");
    drawing.imageSmoothingQuality = "high";
    drawing.drawImage(context.canvas, x, y, side, side, 0, 0, SIDE, SIDE);
    yield [share, small];
  }
}
