// Grids of a change at another number of cells: cdaae_jax.models.change.enlarge.

const known = new Map(); // weights by the numbers of cells

/** Returns square grid values [from, from, channels] at [to, to, channels], by Keys' cubic. */
export function enlarged(values, from, to, channels, slope) {
  if (from === to) return values;
  const key = `${from} ${to}`;
  if (!known.has(key)) known.set(key, weights(from, to, slope));
  const rows = known.get(key);
  const width = from * channels;
  const tall = new Float32Array(to * width);
  for (let row = 0; row < to; row++) {
    const { first, shares } = rows[row];
    const end = (row + 1) * width;
    for (let cell = 0; cell < shares.length; cell++) {
      const share = shares[cell];
      for (let at = row * width, of = (first + cell) * width; at < end; at++, of++) tall[at] += share * values[of];
    }
  }
  const made = new Float32Array(to * to * channels);
  for (let row = 0, at = 0; row < to; row++) {
    for (let column = 0; column < to; column++) {
      const { first, shares } = rows[column];
      const start = row * width + first * channels;
      for (let c = 0; c < channels; c++, at++) {
        let total = 0;
        for (let cell = 0, of = start + c; cell < shares.length; cell++, of += channels) total += shares[cell] * tall[of];
        made[at] = total;
      }
    }
  }
  return made;
}

function weights(from, to, slope) {
  const scale = Math.max(1, from / to);
  return Array.from({ length: to }, (_, index) => {
    const centre = ((index + 0.5) * from) / to - 0.5;
    const first = Math.max(0, Math.ceil(centre - 2 * scale));
    const last = Math.min(from - 1, Math.floor(centre + 2 * scale));
    const cubics = Array.from({ length: last - first + 1 }, (_, cell) => cubic((centre - first - cell) / scale, slope));
    const sum = cubics.reduce((total, weight) => total + weight, 0);
    return { first, shares: Float32Array.from(cubics, (weight) => weight / sum) };
  });
}

/** Keys' cubic; slope: at distance 1. */
export function cubic(distance, slope) {
  const d = Math.abs(distance);
  if (d < 1) return ((slope + 2) * d - (slope + 3)) * d * d + 1;
  return d < 2 ? slope * (((d - 5) * d + 8) * d - 4) : 0;
}
