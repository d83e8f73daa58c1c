// Makes a change to a photo quickly, while a slider moves: what Painter makes, with one cheap pass.
//
// What lies where is the same: the change's grids are enlarged by the same cubic, on the processor and to fewer cells;
// between these, and between the photo's pixels, the draft interpolates linearly. It has as many pixels as this machine
// draws in DRAWING.
import { toAligned } from "./geometry.js";
import { enlarged } from "./grids.js";
import { windowOf } from "./region.js";

const DRAWING = 15; // ms
const [SHORTEST, LONGEST] = [256, 512]; // pixels of the draft's longer side
const LEAST = 0.25; // of `seen` in Draft.#blended: less, nobody sees

export const DRAFT = `#version 300 es
precision highp float;
precision highp sampler2D;
uniform sampler2D moves, shades, painting, photo;
uniform vec2 placeFirst, placeRight, placeDown, photoFirst, photoStep;
uniform float steepness, nearest;
out vec4 colour;
void main() {
  vec2 at = gl_FragCoord.xy;
  vec2 place = placeFirst + placeRight * at.x + placeDown * at.y;
  vec4 move = textureLod(moves, place, 0.0);
  vec3 moved = textureLod(photo, photoFirst + photoStep * at + move.xy, 0.0).rgb * 2.0 - 1.0;
  vec3 near = clamp(moved, -nearest, nearest);
  vec3 t = textureLod(shades, place, 0.0).rgb;
  vec3 made = (near + t) / (1.0 + near * t) + (moved - near);
  float mask = clamp(steepness * (move.z - 0.5) + 0.5, 0.0, 1.0);
  if (mask > 0.0) made = mix(made, textureLod(painting, place, 0.0).rgb, mask);
  colour = vec4(made * 0.5 + 0.5, move.a);
}`;

export class Draft {
  name = "draft";

  /** known: `change` and `region` of settings.json; passes: with the program DRAFT. */
  constructor(known, passes) {
    this.known = known;
    this.passes = passes;
    this.side = LONGEST;
    this.drawn = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  }

  /** Changes the face in a canvas, as Painter.apply. */
  apply(context, fields, place) {
    const { passes } = this;
    const { matrix } = place;
    const cells = this.known.region.windowCells;
    const strength = (place.window ??= windowOf(place.hull, matrix, this.known.region));
    const grids = this.#blended(fields, strength, matrix);
    const box = boxOf(grids.moves, cells, matrix, context.canvas);
    if (!box) return;
    const seen = around(box, box.farthest + 2, context.canvas);
    for (let at = 0; at < grids.moves.length; at += 4) {
      grids.moves[at] /= seen.width;
      grids.moves[at + 1] /= seen.height;
    }
    const pixels = context.getImageData(seen.x, seen.y, seen.width, seen.height).data;
    const textures = { photo: passes.texture("RGBA8", seen.width, seen.height, new Uint8Array(pixels.buffer), "LINEAR") };
    for (const [name, values] of Object.entries(grids)) textures[name] = passes.texture("RGBA16F", cells, cells, values, "LINEAR");
    const scale = Math.max(1, Math.max(box.width, box.height) / this.side);
    const [width, height] = [Math.ceil(box.width / scale), Math.ceil(box.height / scale)];
    const target = passes.texture("RGBA8", width, height, null);
    const [first, right, down] = [[0, 0], [scale, 0], [0, scale]].map(([x, y]) => toAligned(matrix, box.x + x, box.y + y));
    const places = {
      placeFirst: first,
      placeRight: [right[0] - first[0], right[1] - first[1]],
      placeDown: [down[0] - first[0], down[1] - first[1]],
      photoFirst: [(box.x - seen.x) / seen.width, (box.y - seen.y) / seen.height],
      photoStep: [scale / seen.width, scale / seen.height],
    };
    const began = performance.now();
    passes.run("DRAFT", textures, { ...this.known.change, ...places }, [target], [0, 0, width, height]);
    const made = new ImageData(passes.read([0, 0, width, height]), width, height);
    this.#learn(Math.max(width, height), performance.now() - began);
    passes.release([...Object.values(textures), target]);
    Object.assign(this.drawn.canvas, { width, height });
    this.drawn.putImageData(made, 0, 0);
    context.drawImage(this.drawn.canvas, box.x, box.y, width * scale, height * scale);
  }

  #learn(side, took) {
    if (side < SHORTEST) return; // says little
    const affordable = side * Math.sqrt(DRAWING / took);
    this.side = Math.min(Math.max((this.side + affordable) / 2, SHORTEST), LONGEST);
  }

  /** Returns the change over the aligned picture, weakened by the window, as grids of four channels.
   *
   * moves: the flow in pixels of the photo, the mask, and how much of the draft is seen: nothing where nothing happens.
   */
  #blended({ flow, shift, mask, paint }, strength, { a, b }) {
    const cells = this.known.region.windowCells;
    const at = (field, channels) => enlarged(field.values, field.size, cells, channels, this.known.change.gridSlope);
    const [flows, shifts, masks, paints] = [at(flow, 2), at(shift, 3), at(mask, 1), at(paint, 3)];
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
        shades[to + c] = Math.tanh(share * shifts[cell * 3 + c]);
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
