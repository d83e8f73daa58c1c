// Pillow's ways to make pictures smaller and to turn them, to the byte. Pictures are {data, width, height}, RGBA bytes.

/** Returns means over blocks of `across` x `down` pixels, as Image.reduce. */
export function reduced({ data, width, height }, across, down = across) {
  if (across === 1 && down === 1) return { data, width, height };
  const columns = Math.ceil(width / across);
  const rows = Math.ceil(height / down);
  const made = new Uint8ClampedArray(columns * rows * 4);
  for (let row = 0; row < rows; row++) {
    const bottom = Math.min(height, (row + 1) * down);
    for (let column = 0; column < columns; column++) {
      const left = column * across;
      const right = Math.min(width, left + across);
      let red = 0, green = 0, blue = 0;
      for (let y = row * down; y < bottom; y++) {
        const end = (y * width + right) * 4;
        for (let at = (y * width + left) * 4; at < end; at += 4) {
          red += data[at];
          green += data[at + 1];
          blue += data[at + 2];
        }
      }
      const count = (right - left) * (bottom - row * down);
      // A multiplication with what is a little less than 1 / count, in place of a division.
      const share = Math.trunc(2 ** 24 / count);
      const half = Math.trunc(count / 2);
      const to = (row * columns + column) * 4;
      made[to] = Math.floor(((red + half) * share) / 2 ** 24);
      made[to + 1] = Math.floor(((green + half) * share) / 2 ** 24);
      made[to + 2] = Math.floor(((blue + half) * share) / 2 ** 24);
      made[to + 3] = 255;
    }
  }
  return { data: made, width: columns, height: rows };
}

const ONE = 2 ** 22; // of the whole numbers that resize weighs pixels by

/** Returns a picture at another size, as Image.resize(..., BILINEAR, reducing_gap=2.0). */
export function resized(picture, width, height) {
  const across = Math.max(1, Math.trunc(picture.width / width / 2));
  const down = Math.max(1, Math.trunc(picture.height / height / 2));
  const small = reduced(picture, across, down);
  const columns = triangles(small.width, picture.width / across, width);
  const rows = triangles(small.height, picture.height / down, height);
  const wide = new Uint8ClampedArray(width * small.height * 4);
  for (let y = 0; y < small.height; y++) {
    columns.forEach((one, x) => weigh(small.data, (y * small.width + one.first) * 4, 4, one.shares, wide, (y * width + x) * 4));
  }
  const made = new Uint8ClampedArray(width * height * 4);
  rows.forEach((one, y) => {
    for (let x = 0; x < width; x++) weigh(wide, (one.first * width + x) * 4, width * 4, one.shares, made, (y * width + x) * 4);
  });
  return { data: made, width, height };
}

function weigh(from, first, stride, shares, made, to) {
  for (let c = 0; c < 4; c++) {
    let total = ONE / 2;
    for (let k = 0; k < shares.length; k++) total += shares[k] * from[first + k * stride + c];
    made[to + c] = Math.floor(total / ONE);
  }
}

/** Returns, for each of `to` pixels, the first of `from` pixels that it sees and their shares; `length` of these are used. */
function triangles(from, length, to) {
  const scale = length / to;
  const reach = Math.max(1, scale);
  return Array.from({ length: to }, (_, index) => {
    const centre = (index + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const last = Math.min(from, Math.trunc(centre + reach + 0.5));
    const weights = Array.from({ length: last - first }, (_, k) => Math.max(0, 1 - Math.abs((first + k - centre + 0.5) / reach)));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, shares: weights.map((weight) => Math.trunc(0.5 + (weight / sum) * ONE)) };
  });
}

/** Returns a square of `side` pixels, as Image.transform(AFFINE, BILINEAR); beyond the picture its border is repeated.
 *
 * matrix: [a, b, c, d, e, f], from places (x, y) of the square to (a x + b y + c, d x + e y + f) of the picture.
 */
export function transformed({ data, width, height }, [a, b, c, d, e, f], side) {
  const made = new Uint8ClampedArray(side * side * 4);
  for (let row = 0, to = 0; row < side; row++) {
    for (let column = 0; column < side; column++, to += 4) {
      const x = a * (column + 0.5) + b * (row + 0.5) + c - 0.5;
      const y = d * (column + 0.5) + e * (row + 0.5) + f - 0.5;
      const [left, top] = [Math.floor(x), Math.floor(y)];
      const [dx, dy] = [x - left, y - top];
      const x0 = within(left, width), x1 = within(left + 1, width);
      const upper = within(top, height) * width, lower = within(top + 1, height) * width;
      for (let channel = 0; channel < 3; channel++) {
        const one = data[(upper + x0) * 4 + channel];
        const two = data[(lower + x0) * 4 + channel];
        const high = one + (data[(upper + x1) * 4 + channel] - one) * dx;
        const low = two + (data[(lower + x1) * 4 + channel] - two) * dx;
        made[to + channel] = Math.trunc(high + (low - high) * dy);
      }
      made[to + 3] = 255;
    }
  }
  return { data: made, width: side, height: side };
}

function within(index, length) {
  return Math.min(Math.max(index, 0), length - 1);
}
