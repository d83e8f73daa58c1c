// Makes a change to a photo quickly, while a slider moves: what Painter makes, with one cheap pass.
//
// What lies where is the same: the change's grids are enlarged by the same cubic, on the processor and to fewer cells;
// between these, and between the photo's pixels, the draft interpolates linearly. It has at most LONGEST pixels a side.
import { enlarged } from "./grids.js";
import { windowOf } from "./region.js";

const LONGEST = 512;
const LEAST = 0.02; // of `alpha`: less happens nowhere that an eye would see

export const DRAFT = `#version 300 es
precision highp float;
precision highp sampler2D;
uniform sampler2D moves, shades, painting, photo;
uniform vec4 similarity;  // a, b, x, y
uniform vec2 corner, photoCorner, photoSize;
uniform float scale, steepness, nearest;
out vec4 colour;
void main() {
  vec2 here = gl_FragCoord.xy * scale + corner;
  vec2 from = here - similarity.zw;
  float a = similarity.x, b = similarity.y;
  vec2 place = vec2(a * from.x + b * from.y, a * from.y - b * from.x) / (a * a + b * b);
  vec4 move = texture(moves, place);
  vec2 source = here + vec2(a * move.x - b * move.y, b * move.x + a * move.y);
  vec3 moved = texture(photo, (source - photoCorner) / photoSize).rgb * 2.0 - 1.0;
  vec3 near = clamp(moved, -nearest, nearest);
  vec3 t = texture(shades, place).rgb;
  vec3 shaded = (near + t) / (1.0 + near * t) + (moved - near);
  float mask = clamp(steepness * (move.z - 0.5) + 0.5, 0.0, 1.0);
  colour = vec4(mix(shaded, texture(painting, place).rgb, mask) * 0.5 + 0.5, move.a);
}`;

export class Draft {
  name = "draft";

  /** known: `change` and `region` of settings.json; passes: with the program DRAFT. */
  constructor(known, passes) {
    this.known = known;
    this.passes = passes;
    this.drawn = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  }

  /** Changes the face in a canvas, as Painter.apply. */
  apply(context, fields, place) {
    const cells = this.known.region.windowCells;
    const strength = (place.window ??= windowOf(place.hull, place.matrix, this.known.region));
    const grids = this.#blended(fields, strength, place.matrix);
    const box = boxOf(grids.moves, cells, place.matrix, context.canvas);
    if (!box) return;
    const passes = this.passes;
    const seen = around(box, box.farthest + 2, context.canvas);
    const pixels = context.getImageData(seen.x, seen.y, seen.width, seen.height).data;
    const photo = passes.texture("RGBA8", seen.width, seen.height, new Uint8Array(pixels.buffer), "LINEAR");
    const textures = Object.entries(grids).map(([name, values]) => [name, passes.texture("RGBA16F", cells, cells, values, "LINEAR")]);
    const scale = Math.max(1, Math.max(box.width, box.height) / LONGEST);
    const part = [0, 0, Math.ceil(box.width / scale), Math.ceil(box.height / scale)];
    const target = passes.texture("RGBA8", part[2], part[3], null);
    const { a, b, x, y } = place.matrix;
    const numbers = {
      ...this.known.change,
      similarity: [a, b, x, y],
      corner: [box.x, box.y],
      photoCorner: [seen.x, seen.y],
      photoSize: [seen.width, seen.height],
      scale,
    };
    passes.run("DRAFT", { ...Object.fromEntries(textures), photo }, numbers, [target], part);
    const made = new ImageData(passes.read(part), part[2], part[3]);
    passes.release([...textures.map(([, texture]) => texture), photo, target]);
    Object.assign(this.drawn.canvas, { width: part[2], height: part[3] });
    this.drawn.putImageData(made, 0, 0);
    context.drawImage(this.drawn.canvas, box.x, box.y, part[2] * scale, part[3] * scale);
  }

  /** Returns the change's fields over the aligned picture, weakened by the window: four channels each.
   *
   * moves: flow, mask, and how much of the draft is seen, which is nothing where nothing happens.
   */
  #blended({ flow, shift, mask, paint }, strength, matrix) {
    const cells = this.known.region.windowCells;
    const at = (field, channels) => enlarged(field.values, field.size, cells, channels, this.known.change.gridSlope);
    const [flows, shifts, masks, paints] = [at(flow, 2), at(shift, 3), at(mask, 1), at(paint, 3)];
    const side = Math.hypot(matrix.a, matrix.b);
    const [moves, shades, painting] = [0, 1, 2].map(() => new Float32Array(cells * cells * 4));
    for (let cell = 0; cell < cells * cells; cell++) {
      const share = strength[cell];
      if (share === 0) continue;
      const to = cell * 4;
      moves[to] = share * flows[cell * 2];
      moves[to + 1] = share * flows[cell * 2 + 1];
      moves[to + 2] = share * masks[cell];
      let shade = 0;
      for (let c = 0; c < 3; c++) {
        shades[to + c] = Math.tanh(share * shifts[cell * 3 + c]);
        shade = Math.max(shade, Math.abs(shades[to + c]));
        painting[to + c] = Math.min(Math.max(paints[cell * 3 + c], -1), 1);
      }
      const pixels = side * Math.max(Math.abs(moves[to]), Math.abs(moves[to + 1]));
      moves[to + 3] = Math.min(1, 2 * pixels + 32 * shade + 4 * moves[to + 2]);
    }
    return { moves, shades, painting };
  }
}

/** Returns the box of the canvas in which something happens, and from how far pixels come; or null. */
function boxOf(moves, cells, { a, b, x, y }, canvas) {
  let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity, farthest = 0;
  for (let cell = 0; cell < cells * cells; cell++) {
    if (moves[cell * 4 + 3] < LEAST) continue;
    const u = ((cell % cells) + 0.5) / cells;
    const v = (Math.trunc(cell / cells) + 0.5) / cells;
    farthest = Math.max(farthest, Math.hypot(moves[cell * 4], moves[cell * 4 + 1]));
    left = Math.min(left, a * u - b * v + x);
    right = Math.max(right, a * u - b * v + x);
    top = Math.min(top, b * u + a * v + y);
    bottom = Math.max(bottom, b * u + a * v + y);
  }
  if (left > right) return null;
  const box = { x: Math.floor(left), y: Math.floor(top), width: Math.ceil(right - left), height: Math.ceil(bottom - top) };
  const side = Math.hypot(a, b);
  const found = around(box, Math.ceil((1.5 * side) / cells), canvas);
  return found.width > 0 && found.height > 0 ? { ...found, farthest: Math.ceil(farthest * side) } : null;
}

/** Returns a box with a margin, cut to a canvas. */
function around({ x, y, width, height }, margin, canvas) {
  const left = Math.max(0, x - margin);
  const top = Math.max(0, y - margin);
  const right = Math.min(canvas.width, x + width + margin);
  const bottom = Math.min(canvas.height, y + height + margin);
  return { x: left, y: top, width: right - left, height: bottom - top };
}
