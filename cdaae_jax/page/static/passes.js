// WebGL 2 in the words of the painter: textures, and passes over squares of them.

const VERTICES = `#version 300 es
void main() {
  gl_Position = vec4(float(gl_VertexID % 2) * 4.0 - 1.0, float(gl_VertexID / 2) * 4.0 - 1.0, 0.0, 1.0);
}`;

export class Passes {
  /** sources: fragment shaders by name. Throws a sentence where the browser lacks WebGL 2 with floats. */
  constructor(sources) {
    this.canvas = new OffscreenCanvas(1, 1);
    this.gl = this.canvas.getContext("webgl2", { antialias: false, depth: false });
    if (!this.gl || !this.gl.getExtension("EXT_color_buffer_float")) {
      throw new Error("This browser cannot draw with WebGL 2; a current Firefox, Chrome, Edge or Safari can.");
    }
    this.programs = Object.fromEntries(Object.entries(sources).map(([name, source]) => [name, this.#program(source)]));
    this.framebuffer = this.gl.createFramebuffer();
    this.gl.bindVertexArray(this.gl.createVertexArray());
  }

  /** Returns a texture of four channels; format: RGBA8 of bytes, or RGBA32F of floats. */
  texture(format, width, height, pixels) {
    const gl = this.gl;
    const texture = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    const type = format === "RGBA8" ? gl.UNSIGNED_BYTE : gl.FLOAT;
    gl.texImage2D(gl.TEXTURE_2D, 0, gl[format], width, height, 0, gl.RGBA, type, pixels);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    return texture;
  }

  release(textures) {
    textures.forEach((texture) => this.gl.deleteTexture(texture));
  }

  /** Runs a program over a rectangle of up to three textures. textures: by uniform; numbers: floats and lists of floats. */
  run(name, textures, numbers, targets, [left, top, width, height]) {
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

  /** Returns the bytes of a rectangle of what the last pass drew into. */
  read([left, top, width, height]) {
    const pixels = new Uint8ClampedArray(width * height * 4);
    this.gl.readPixels(left, top, width, height, this.gl.RGBA, this.gl.UNSIGNED_BYTE, pixels);
    return pixels;
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
