// Makes a change to a photo by WebGL2, at the photo's own resolution.
import { parts, windowOf } from "./region.js";
import { APPLY, ROWS, SAMPLE, VERTICES } from "./shaders.js";

export class Painter {
  /** known: `change` and `region` of settings.json. Throws a sentence where the browser lacks WebGL2 with floats. */
  constructor(known) {
    this.known = known;
    this.gl = new OffscreenCanvas(1, 1).getContext("webgl2", { antialias: false });
    if (!this.gl || !this.gl.getExtension("EXT_color_buffer_float")) {
      throw new Error("This browser cannot draw with WebGL 2; a current Firefox, Chrome, Edge or Safari can.");
    }
    this.programs = Object.fromEntries(
      Object.entries({ SAMPLE, ROWS, APPLY }).map(([name, source]) => [name, this.#program(source)]),
    );
    this.framebuffer = this.gl.createFramebuffer();
    this.gl.bindVertexArray(this.gl.createVertexArray());
  }

  /** Changes the face in a canvas. fields: {flow, shift, mask, paint} as {values, size}; place: {matrix, hull}. */
  apply(context, fields, place, amount = 1) {
    const strength = place.window ?? (place.window = windowOf(place.hull, place.matrix, this.known.region));
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
    Object.values(inputs).forEach((texture) => this.gl.deleteTexture(texture));
  }

  #uploaded({ flow, shift, mask, paint }, strength) {
    const wide = (values, size, from, alpha) => {
      const four = new Float32Array(size * size * 4);
      for (let pixel = 0; pixel < size * size; pixel++) {
        for (let c = 0; c < from; c++) four[pixel * 4 + c] = values[pixel * from + c];
        if (alpha) four[pixel * 4 + 3] = alpha[pixel];
      }
      return this.#texture(this.gl.RGBA32F, size, size, this.gl.FLOAT, four);
    };
    return {
      flow: wide(flow.values, flow.size, 2),
      shift: wide(shift.values, shift.size, 3),
      paint: wide(paint.values, paint.size, 3, mask.values),
      strength: wide(strength, this.known.region.windowCells, 1),
    };
  }

  #square(context, inputs, { x, y, side, part }, matrix, cells, amount) {
    const gl = this.gl;
    const empty = (width, height) => [0, 1, 2].map(() => this.#texture(gl.RGBA32F, width, height, gl.FLOAT, null));
    const named = ([flow, shift, paint]) => ({ flow, shift, paint });
    const small = empty(cells, cells);
    const tall = empty(cells, side);
    const photo = this.#texture(gl.RGBA8, side, side, gl.UNSIGNED_BYTE, squareOf(context, x, y, side));
    const result = this.#texture(gl.RGBA8, side, side, gl.UNSIGNED_BYTE, null);
    const numbers = { ...this.known.change, side, cells, amount };
    const place = { similarity: [matrix.a, matrix.b, matrix.x, matrix.y], corner: [x, y] };
    this.#pass("SAMPLE", inputs, { ...numbers, ...place }, small, [0, 0, cells, cells]);
    this.#pass("ROWS", named(small), numbers, tall, [0, part.top, cells, part.height]);
    const { left, top, width, height } = part;
    this.#pass("APPLY", { ...named(tall), photo }, numbers, [result], [left, top, width, height]);
    const pixels = new Uint8Array(width * height * 4);
    gl.readPixels(left, top, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    [...small, ...tall, photo, result].forEach((texture) => gl.deleteTexture(texture));
    return pixels;
  }

  #pass(name, textures, numbers, targets, [left, top, width, height]) {
    const gl = this.gl;
    const { program, places } = this.programs[name];
    gl.useProgram(program);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.framebuffer);
    [0, 1, 2].forEach((index) => {
      const target = targets[index] ?? null;
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0 + index, gl.TEXTURE_2D, target, 0);
    });
    gl.drawBuffers(targets.map((_, index) => gl.COLOR_ATTACHMENT0 + index));
    Object.entries(textures).forEach(([uniform, texture], unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.uniform1i(places[uniform], unit);
    });
    for (const [uniform, value] of Object.entries(numbers)) {
      if (!places[uniform]) continue;
      if (Array.isArray(value)) gl[`uniform${value.length}fv`](places[uniform], value);
      else gl.uniform1f(places[uniform], value);
    }
    gl.viewport(0, 0, left + width, top + height);
    gl.enable(gl.SCISSOR_TEST);
    gl.scissor(left, top, width, height);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  #texture(format, width, height, type, pixels) {
    const gl = this.gl;
    const texture = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, format, width, height, 0, gl.RGBA, type, pixels);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    return texture;
  }

  #program(source) {
    const gl = this.gl;
    const program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, VERTICES], [gl.FRAGMENT_SHADER, source]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
    }
    gl.linkProgram(program);
    const count = gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS);
    const names = Array.from({ length: count }, (_, index) => gl.getActiveUniform(program, index).name);
    return { program, places: Object.fromEntries(names.map((name) => [name, gl.getUniformLocation(program, name)])) };
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
