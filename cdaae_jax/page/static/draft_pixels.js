// The pixels of a draft: cdaae_jax.models.change.apply, with what lies between cells and pixels interpolated linearly.
//
// Written for speed: this loop runs for each of 70,000 pixels while a slider moves.

/** Returns changed pixels as ImageData, whose alpha says how much of them is seen.
 *
 * photo: ImageData; moves, shades, painting: grids [cells, cells, 4] over the aligned picture, see Draft; place: where
 * the first pixel begins in the aligned picture (`first`, sides of it) and how far it is to the next pixel and the next
 * row (`across`, `down`), and the same in the photo (`x`, `y`, `step`, pixels of it); known: numbers of the change.
 */
export function changed(photo, { moves, shades, painting }, cells, place, { steepness, nearest }, width, height) {
  const made = new ImageData(width, height);
  const to = made.data;
  const { data: from, width: photoWidth } = photo;
  const [right, bottom, last] = [photoWidth - 1, photo.height - 1, cells - 1];
  const [firstU, firstV, uAcross, vAcross, uDown, vDown] = [...place.first, ...place.across, ...place.down].map((part) => part * cells);
  const { x: firstX, y: firstY, step } = place;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const u = clamped(firstU + uAcross * (x + 0.5) + uDown * (y + 0.5) - 0.5, last);
      const v = clamped(firstV + vAcross * (x + 0.5) + vDown * (y + 0.5) - 0.5, last);
      const column = u < last ? u | 0 : last - 1;
      const row = v < last ? v | 0 : last - 1;
      const a = (row * cells + column) * 4; // four cells: a b
      const b = a + 4; //                                  c d
      const c = a + 4 * cells;
      const d = c + 4;
      const ofD = (u - column) * (v - row);
      const ofB = u - column - ofD;
      const ofC = v - row - ofD;
      const ofA = 1 - u + column - ofC;
      const seen = ofA * moves[a + 3] + ofB * moves[b + 3] + ofC * moves[c + 3] + ofD * moves[d + 3];
      if (seen === 0) continue;

      const moveX = ofA * moves[a] + ofB * moves[b] + ofC * moves[c] + ofD * moves[d];
      const moveY = ofA * moves[a + 1] + ofB * moves[b + 1] + ofC * moves[c + 1] + ofD * moves[d + 1];
      const photoX = clamped(firstX + step * (x + 0.5) + moveX - 0.5, right);
      const photoY = clamped(firstY + step * (y + 0.5) + moveY - 0.5, bottom);
      const left = photoX | 0;
      const top = photoY | 0;
      const p = (top * photoWidth + left) * 4; // four pixels: p q
      const q = left < right ? p + 4 : p; //                   r s
      const below = top < bottom ? 4 * photoWidth : 0;
      const r = p + below;
      const s = q + below;
      const ofS = (photoX - left) * (photoY - top);
      const ofQ = photoX - left - ofS;
      const ofR = photoY - top - ofS;
      const ofP = 1 - photoX + left - ofR;

      const soft = ofA * moves[a + 2] + ofB * moves[b + 2] + ofC * moves[c + 2] + ofD * moves[d + 2];
      const mask = clamped(steepness * (soft - 0.5) + 0.5, 1);
      const pixel = (y * width + x) * 4;
      for (let i = 0; i < 3; i++) {
        const moved = (ofP * from[p + i] + ofQ * from[q + i] + ofR * from[r + i] + ofS * from[s + i]) / 127.5 - 1;
        const near = moved < -nearest ? -nearest : moved > nearest ? nearest : moved;
        const shade = ofA * shades[a + i] + ofB * shades[b + i] + ofC * shades[c + i] + ofD * shades[d + i];
        let colour = (near + shade) / (1 + near * shade) + (moved - near);
        if (mask > 0) {
          const paint = ofA * painting[a + i] + ofB * painting[b + i] + ofC * painting[c + i] + ofD * painting[d + i];
          colour += mask * (paint - colour);
        }
        to[pixel + i] = (colour + 1) * 127.5;
      }
      to[pixel + 3] = 255 * seen;
    }
  }
  return made;
}

function clamped(value, most) {
  return value < 0 ? 0 : value > most ? most : value;
}
