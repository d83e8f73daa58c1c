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
  const { width, height } = photo.work.canvas;
  const side = Math.min(Math.max(right - left, bottom - top) * 1.2, width, height);
  const x = Math.min(Math.max((left + right - side) / 2, 0), width - side);
  const y = Math.min(Math.max((top + bottom - side) / 2, 0), height - side);
  for (const share of SHARES) {
    const context = canvasOf(photo.work.canvas, width, height);
    await editFaces(context, [face], "work", tools, tools.draft, share);
    if (!current()) return;
    const small = document.createElement("canvas");
    small.width = small.height = SIDE;
    const drawing = small.getContext("2d");
    drawing.imageSmoothingQuality = "high";
    drawing.drawImage(context.canvas, x, y, side, side, 0, 0, SIDE, SIDE);
    yield [share, small];
  }
}
