// Makes a change to a photo quickly, while a slider moves: what Painter makes, on the processor and in fewer pixels.
//
// What lies where is the same: the change's grids are enlarged by the same cubic, to fewer cells; between these, and
// between the photo's pixels, the draft interpolates linearly. It has as many pixels as this machine makes in MAKING.
// No graphics card takes part: where there is none, handing so few pixels to WebGL and back takes longer than making them.
import { changed } from "./draft_pixels.js";
import { toAligned } from "./geometry.js";
import { enlarged } from "./grids.js";
import { windowOf } from "./region.js";

const MAKING = 6; // ms
const [SHORTEST, LONGEST] = [256, 512]; // pixels of the draft's longer side
const LEAST = 0.25; // of `seen` in Draft.#blended: less, nobody sees

export class Draft {
  name = "draft";

  /** known: `change` and `region` of settings.json. */
  constructor(known) {
    this.known = known;
    this.side = SHORTEST;
    this.drawn = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  }

  /** Changes the face in a canvas, as Painter.apply. */
  apply(context, fields, place) {
    const { matrix } = place;
    const cells = this.known.region.windowCells;
    const strength = (place.window ??= windowOf(place.hull, matrix, this.known.region));
    const grids = this.#blended(fields, strength, matrix);
    const box = boxOf(grids.moves, cells, matrix, context.canvas);
    if (!box) return;
    const seen = around(box, box.farthest + 2, context.canvas);
    const photo = context.getImageData(seen.x, seen.y, seen.width, seen.height);
    const scale = Math.max(1, Math.max(box.width, box.height) / this.side);
    const [width, height] = [Math.ceil(box.width / scale), Math.ceil(box.height / scale)];
    const [first, right, below] = [[0, 0], [scale, 0], [0, scale]].map(([x, y]) => toAligned(matrix, box.x + x, box.y + y));
    const pixel = {
      first,
      across: [right[0] - first[0], right[1] - first[1]],
      down: [below[0] - first[0], below[1] - first[1]],
      x: box.x - seen.x,
      y: box.y - seen.y,
      step: scale,
    };
    const began = performance.now();
    const made = changed(photo, grids, cells, pixel, this.known.change, width, height);
    this.#learn(Math.max(width, height), performance.now() - began);
    Object.assign(this.drawn.canvas, { width, height });
    this.drawn.putImageData(made, 0, 0);
    context.drawImage(this.drawn.canvas, box.x, box.y, width * scale, height * scale);
  }

  #learn(side, took) {
    if (side < SHORTEST) return; // says little
    const affordable = side * Math.sqrt(MAKING / took);
    this.side = Math.min(Math.max((this.side + affordable) / 2, SHORTEST), LONGEST);
  }

  /** Returns the change over the aligned picture, weakened by the window, as grids of four channels.
   *
   * moves: the flow in pixels of the photo, the mask, and how much of the draft is seen: nothing where nothing happens.
   */
  #blended({ flow, shift, mask, paint }, strength, { a, b }) {
    const cells = this.known.region.windowCells;
    const at = (values, size, channels) => enlarged(values, size, cells, channels, this.known.change.gridSlope);
    const flows = at(flow.values, flow.size, 2);
    const shadings = at(shift.values.map(Math.tanh), shift.size, 3);
    const masks = at(mask.values, mask.size, 1);
    const paints = at(paint.values, paint.size, 3);
    const [moves, shades, painting] = [0, 1, 2].map(() => new Float32Array(cells * cells * 4));
    for (let cell = 0; cell < cells * cells; cell++) {
      const share = strength[cell];
      if (share === 0) continue;
      const to = cell * 4;
      const u = share * flows[cell * 2];
      const v = share * flows[cell * 2 + 1];
      moves[to] = a * u - b * v;
      moves[to + 1] = b * u + a * v;
      moves[to + 2] = share * masks[cell];
      let shade = 0;
      for (let c = 0; c < 3; c++) {
        shades[to + c] = share * shadings[cell * 3 + c];
        shade = Math.max(shade, Math.abs(shades[to + c]));
        painting[to + c] = Math.min(Math.max(paints[cell * 3 + c], -1), 1);
      }
      const seen = 2 * (Math.abs(moves[to]) + Math.abs(moves[to + 1])) + 32 * shade + 2 * moves[to + 2];
      moves[to + 3] = Math.min(Math.max(seen - LEAST, 0), 1);
    }
    return { moves, shades, painting };
  }
}

/** Returns the box of the canvas in which something happens, and from how far pixels come; null where nothing does. */
function boxOf(moves, cells, matrix, canvas) {
  let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity, farthest = 0;
  for (let cell = 0; cell < cells * cells; cell++) {
    if (moves[cell * 4 + 3] === 0) continue;
    const u = ((cell % cells) + 0.5) / cells;
    const v = (Math.trunc(cell / cells) + 0.5) / cells;
    const x = matrix.a * u - matrix.b * v + matrix.x;
    const y = matrix.b * u + matrix.a * v + matrix.y;
    farthest = Math.max(farthest, Math.abs(moves[cell * 4]), Math.abs(moves[cell * 4 + 1]));
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  if (left > right) return null;
  const box = { x: Math.floor(left), y: Math.floor(top), width: Math.ceil(right - left), height: Math.ceil(bottom - top) };
  const found = around(box, Math.ceil((1.5 * Math.hypot(matrix.a, matrix.b)) / cells), canvas);
  return found.width > 0 && found.height > 0 ? { ...found, farthest: Math.ceil(farthest) } : null;
}

/** Returns a box with a margin, cut to a canvas. */
function around({ x, y, width, height }, margin, canvas) {
  const left = Math.max(0, x - margin);
  const top = Math.max(0, y - margin);
  const right = Math.min(canvas.width, x + width + margin);
  const bottom = Math.min(canvas.height, y + height + margin);
  return { x: left, y: top, width: right - left, height: bottom - top };
}
