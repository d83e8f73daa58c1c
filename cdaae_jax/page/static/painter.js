// Makes a change to a photo at the photo's own resolution, as Python does.
import { parts, windowOf } from "./region.js";

export class Painter {
  name = "full";

  /** known: `change` and `region` of settings.json; passes: with the programs of shaders.js. */
  constructor(known, passes) {
    this.known = known;
    this.passes = passes;
  }

  /** Changes the face in a canvas. fields: {flow, shift, mask, paint} as {values, size}; place: {matrix, hull}. */
  apply(context, fields, place, amount = 1) {
    const strength = (place.window ??= windowOf(place.hull, place.matrix, this.known.region));
    const squares = parts(strength, place.matrix, fields.flow.values, amount, context.canvas, this.known.region);
    const inputs = this.#uploaded(fields, strength);
    const cells = 2 * Math.max(...Object.values(fields).map((field) => field.size));
    // All squares see the photo as it was; only then is it written to.
    const made = squares.map((square) => [square, this.#square(context, inputs, square, place.matrix, cells, amount)]);
    for (const [{ x, y, part }, pixels] of made) {
      const target = context.getImageData(x + part.left, y + part.top, part.width, part.height);
      for (let at = 0; at < pixels.length; at += 4) {
        target.data[at] = pixels[at];
        target.data[at + 1] = pixels[at + 1];
        target.data[at + 2] = pixels[at + 2];
      }
      context.putImageData(target, x + part.left, y + part.top);
    }
    this.passes.release(Object.values(inputs));
  }

  #uploaded({ flow, shift, mask, paint }, strength) {
    const wide = (values, size, from, alpha) => {
      const four = new Float32Array(size * size * 4);
      for (let pixel = 0; pixel < size * size; pixel++) {
        for (let c = 0; c < from; c++) four[pixel * 4 + c] = values[pixel * from + c];
        if (alpha) four[pixel * 4 + 3] = alpha[pixel];
      }
      return this.passes.texture("RGBA32F", size, size, four);
    };
    return {
      flow: wide(flow.values, flow.size, 2),
      shift: wide(shift.values, shift.size, 3),
      paint: wide(paint.values, paint.size, 3, mask.values),
      strength: wide(strength, this.known.region.windowCells, 1),
    };
  }

  #square(context, inputs, { x, y, side, part }, matrix, cells, amount) {
    const passes = this.passes;
    const empty = (width, height) => [0, 1, 2].map(() => passes.texture("RGBA32F", width, height, null));
    const named = ([flow, shift, paint]) => ({ flow, shift, paint });
    const small = empty(cells, cells);
    const tall = empty(cells, side);
    const photo = passes.texture("RGBA8", side, side, squareOf(context, x, y, side));
    const result = passes.texture("RGBA8", side, side, null);
    const numbers = { ...this.known.change, side, cells, amount };
    const place = { similarity: [matrix.a, matrix.b, matrix.x, matrix.y], corner: [x, y] };
    const { left, top, width, height } = part;
    passes.run("SAMPLE", inputs, { ...numbers, ...place }, small, [0, 0, cells, cells]);
    passes.run("ROWS", named(small), numbers, tall, [0, top, cells, height]);
    passes.run("APPLY", { ...named(tall), photo }, numbers, [result], [left, top, width, height]);
    const pixels = passes.read([left, top, width, height]);
    passes.release([...small, ...tall, photo, result]);
    return pixels;
  }
}

/** Returns a square of a canvas, RGBA bytes; beyond the canvas its border pixels are repeated. */
function squareOf(context, x, y, side) {
  const { width, height } = context.canvas;
  const left = Math.max(0, x);
  const top = Math.max(0, y);
  const cut = context.getImageData(left, top, Math.min(width, x + side) - left, Math.min(height, y + side) - top);
  if (cut.width === side && cut.height === side) return new Uint8Array(cut.data.buffer);
  const from = new Uint32Array(cut.data.buffer);
  const made = new Uint32Array(side * side);
  for (let row = 0; row < side; row++) {
    const start = Math.min(Math.max(y + row - top, 0), cut.height - 1) * cut.width;
    for (let column = 0; column < side; column++) {
      made[row * side + column] = from[start + Math.min(Math.max(x + column - left, 0), cut.width - 1)];
    }
  }
  return new Uint8Array(made.buffer);
}
