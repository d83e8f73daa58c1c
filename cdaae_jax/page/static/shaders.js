// The three passes that make a change to a square of a photo, after cdaae_jax.models.change and cdaae_jax.photos.region.

const HEAD = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
// The cubic's weights of the pixels at -1, 0, 1 and 2 from the one before a place, which is t beyond it.
vec4 taps(float t, float slope) {
  vec4 d = vec4(1.0 + t, t, 1.0 - t, 2.0 - t);
  vec4 near = ((slope + 2.0) * d - (slope + 3.0)) * d * d + 1.0;
  vec4 far = slope * (((d - 5.0) * d + 8.0) * d - 4.0);
  return vec4(far.x, near.yz, far.w);
}
`;

// Fields of the aligned picture become fields of an upright square of the photo, weakened by the window.
export const SAMPLE = `${HEAD}
uniform sampler2D flow, shift, paint, strength;
uniform vec4 similarity;  // a, b, x, y
uniform vec2 corner;
uniform float side, cells, gridSlope;
layout(location = 0) out vec4 flowOut;
layout(location = 1) out vec4 shiftOut;
layout(location = 2) out vec4 paintOut;
vec4 at(sampler2D field, vec2 place) {
  int size = textureSize(field, 0).x;
  vec2 where = clamp(place * float(size) - 0.5, 0.0, float(size - 1));
  ivec2 first = ivec2(floor(where));
  vec2 rest = where - vec2(first);
  vec4 across = taps(rest.x, gridSlope), down = taps(rest.y, gridSlope), total = vec4(0.0);
  for (int j = 0; j < 4; j++) {
    vec4 row = vec4(0.0);
    for (int i = 0; i < 4; i++) row += across[i] * texelFetch(field, clamp(first + ivec2(i, j) - 1, 0, size - 1), 0);
    total += down[j] * row;
  }
  return total;
}
void main() {
  vec2 from = gl_FragCoord.xy / cells * side + corner - similarity.zw;
  float a = similarity.x, b = similarity.y;
  vec2 place = vec2(a * from.x + b * from.y, a * from.y - b * from.x) / (a * a + b * b);
  float share = clamp(at(strength, place).r, 0.0, 1.0);
  vec2 moved = at(flow, place).rg;
  vec4 painted = at(paint, place);
  flowOut = vec4(vec2(a * moved.x - b * moved.y, b * moved.x + a * moved.y) / side, painted.a, 0.0) * share;
  shiftOut = share * at(shift, place);
  paintOut = painted;
}`;

const ENLARGE = `
float cubic(float distance, float slope) {
  float d = abs(distance);
  if (d < 1.0) return ((slope + 2.0) * d - (slope + 3.0)) * d * d + 1.0;
  return d < 2.0 ? slope * (((d - 5.0) * d + 8.0) * d - 4.0) : 0.0;
}
vec4 enlarged(sampler2D field, ivec2 at, bool down, int first, int last, float centre, float scale) {
  vec4 total = vec4(0.0);
  float weights = 0.0;
  for (int cell = first; cell <= last; cell++) {
    float weight = cubic((centre - float(cell)) / scale, gridSlope);
    total += weight * texelFetch(field, down ? ivec2(at.x, cell) : ivec2(cell, at.y), 0);
    weights += weight;
  }
  return total / weights;
}
`;

const REACH = `
  float scale = max(1.0, cells / side);
  float centre = PLACE * cells / side - 0.5;
  int first = max(0, int(ceil(centre - 2.0 * scale))), last = min(int(cells) - 1, int(floor(centre + 2.0 * scale)));
`;

// The square's fields, enlarged downwards to its pixels.
export const ROWS = `${HEAD}
uniform sampler2D flow, shift, paint;
uniform float side, cells, gridSlope;
layout(location = 0) out vec4 flowOut;
layout(location = 1) out vec4 shiftOut;
layout(location = 2) out vec4 paintOut;
${ENLARGE}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  ${REACH.replace("PLACE", "gl_FragCoord.y")}
  flowOut = enlarged(flow, at, true, first, last, centre, scale);
  shiftOut = enlarged(shift, at, true, first, last, centre, scale);
  paintOut = enlarged(paint, at, true, first, last, centre, scale);
}`;

// The same to the right, and the change made to the photo's pixels.
export const APPLY = `${HEAD}
uniform sampler2D flow, shift, paint, photo;
uniform float side, cells, gridSlope, slope, steepness, nearest, amount;
out vec4 colour;
${ENLARGE}
vec3 fetched(vec2 place) {
  int size = int(side);
  vec2 where = clamp(place, 0.0, side - 1.0);
  ivec2 first = ivec2(floor(where));
  vec2 rest = where - vec2(first);
  vec4 across = taps(rest.x, slope), down = taps(rest.y, slope);
  vec3 total = vec3(0.0);
  for (int j = 0; j < 4; j++) {
    vec3 row = vec3(0.0);
    for (int i = 0; i < 4; i++) {
      row += across[i] * (texelFetch(photo, clamp(first + ivec2(i, j) - 1, 0, size - 1), 0).rgb * 2.0 - 1.0);
    }
    total += down[j] * row;
  }
  return clamp(total, -1.0, 1.0);
}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  ${REACH.replace("PLACE", "gl_FragCoord.x")}
  vec4 flowAndMask = enlarged(flow, at, false, first, last, centre, scale);
  vec3 shade = amount * enlarged(shift, at, false, first, last, centre, scale).rgb;
  vec3 painted = clamp(enlarged(paint, at, false, first, last, centre, scale).rgb, -1.0, 1.0);
  if (flowAndMask.xyz == vec3(0.0) && shade == vec3(0.0)) {
    colour = vec4(texelFetch(photo, at, 0).rgb, 1.0);  // beyond the window
    return;
  }
  vec3 moved = fetched(vec2(at) + amount * flowAndMask.xy * side);
  vec3 near = clamp(moved, -nearest, nearest);
  vec3 t = tanh(shade);
  vec3 shaded = clamp((near + t) / (1.0 + near * t) + (moved - near), -1.0, 1.0);
  float mask = clamp(amount * clamp(steepness * (flowAndMask.z - 0.5) + 0.5, 0.0, 1.0), 0.0, 1.0);
  colour = vec4(mix(shaded, painted, mask) * 0.5 + 0.5, 1.0);
}`;
