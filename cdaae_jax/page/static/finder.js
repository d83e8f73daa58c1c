// All faces of a photo, whatever their size and however they are turned: the steps of cdaae_jax.faces.finder.
import { DETECTOR_SIDE, merged, MIN_SCORE, placed } from "./detections.js";
import { placeOf, regionOf, sample } from "./face_networks.js";
import { boxAround } from "./geometry.js";
import { idle } from "./idle.js";
import { resized } from "./pillow.js";

const STRIDE = 0.65;
const SMALLEST_VIEW = 192; // pixels
const SMALLEST_SHARE = 1 / 12; // of the longer side
const TURNED_SHARE = 1 / 4; // the same where nothing was found upright, and the photo is turned
const CLEARLY = 0.05;
const MOST_FACES = 20;
const [RIGHT_CORNER, LEFT_CORNER] = [33, 263]; // of the eyes

/** Yields the 478 points of faces as they are found, the largest of each size of view first, in pixels of the canvas. */
export async function* findFaces(canvas, networks) {
  for (const quarters of [0, 1, 3, 2]) {
    const photo = photoOf(quarters ? turnedCanvas(canvas, quarters) : canvas);
    let any = false;
    for await (const found of upright(photo, networks, quarters ? TURNED_SHARE : SMALLEST_SHARE)) {
      any = true;
      const sizes = new Map(found.map((points) => [points, sizeOf(points)]));
      const ordered = found.sort((one, other) => sizes.get(other) - sizes.get(one));
      yield ordered.map((points) => points.map((point) => turnedBack(point, quarters, canvas.width, canvas.height)));
    }
    if (any) return;
  }
}

async function* upright(photo, networks, smallest) {
  let detected = [];
  const faces = [];
  for (const level of views(photo, smallest)) {
    const found = [];
    for (const { view, side, corner } of level) {
      found.push(...(await networks.detect(view)).map((one) => placed(one, side, corner)));
      if (level.length > 1) await idle(); // what somebody does to the first face comes first
    }
    const known = merged(detected);
    detected = merged([...detected, ...found]);
    const fresh = [];
    for (const one of detected.filter((each) => !known.includes(each))) {
      const points = await lookCloser(photo, one, networks);
      if (!points || faces.some((other) => sameFace(points, other))) continue;
      faces.push(points);
      fresh.push(points);
    }
    if (fresh.length) yield fresh;
    if (faces.length >= MOST_FACES) return;
  }
}

async function lookCloser(photo, { low, high, eyes }, networks) {
  const region = await uprightRegion(photo, regionOf(low, high, eyes), networks);
  const first = await networks.landmarks(photo, region);
  if (first.presence < MIN_SCORE) return null;
  // A second look, centred by the first: the detector's box of a small or turned face is coarse.
  const second = await networks.landmarks(photo, regionAround(first.points));
  return second.presence < MIN_SCORE ? null : second.points;
}

/** Returns the region, turned by right angles until the face in it is upright: the detector takes chins for foreheads. */
async function uprightRegion(photo, region, networks) {
  const regions = [0, 1, 2, 3].map((quarters) => turnedRegion(region, quarters));
  const scores = [];
  for (const one of regions) scores.push((await networks.detect(sample(photo, one, DETECTOR_SIDE)))[0]?.score ?? 0);
  const best = scores.indexOf(Math.max(...scores));
  return scores[best] > scores[0] + CLEARLY ? regions[best] : region;
}

function turnedRegion(region, quarters) {
  let [a, b, , d, e] = region;
  for (let turn = 0; turn < quarters; turn++) [a, b, d, e] = [b, -a, e, -d];
  const [x, y] = placeOf(region, 0.5, 0.5);
  return [a, b, x - (a + b) / 2, d, e, y - (d + e) / 2].map(Math.fround);
}

/** Returns where the landmark network looks for a face whose points are known: their box in the face's own frame. */
function regionAround(points) {
  const [right, left] = [points[RIGHT_CORNER], points[LEFT_CORNER]];
  const angle = Math.atan2(left[1] - right[1], left[0] - right[0]);
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const [first, top, last, bottom] = boxAround(points.map(([x, y]) => [x * cosine + y * sine, y * cosine - x * sine]));
  const [across, down] = [(first + last) / 2, (top + bottom) / 2];
  const middle = [cosine * across - sine * down, sine * across + cosine * down];
  const half = Math.max(last - first, bottom - top) / 2;
  return regionOf(middle.map((value) => value - half), middle.map((value) => value + half), [right, left]);
}

/** Yields levels of square views of a photo: first all of it, then ever smaller parts, which overlap. */
function* views(photo, smallest) {
  let side = Math.max(photo.width, photo.height);
  const last = Math.max(SMALLEST_VIEW, side * smallest);
  const all = photo.read(0, 0, photo.width, photo.height);
  for (;;) {
    const scale = DETECTOR_SIDE / side;
    const [width, height] = [photo.width, photo.height].map((length) => Math.max(1, halfToEven(length * scale)));
    const small = resized(all, width, height);
    const left = Math.trunc(Math.max(0, DETECTOR_SIDE - width) / 2);
    const top = Math.trunc(Math.max(0, DETECTOR_SIDE - height) / 2);
    const level = [];
    for (const y of starts(Math.max(height, DETECTOR_SIDE))) {
      for (const x of starts(Math.max(width, DETECTOR_SIDE))) {
        level.push({ view: cut(small, x - left, y - top), side, corner: [(x - left) / scale, (y - top) / scale] });
      }
    }
    yield level;
    if (side <= last) return;
    side = Math.max(side / 2, last);
  }
}

/** Returns where views begin that cover a length. */
function starts(length) {
  const last = length - DETECTOR_SIDE;
  const steps = Math.ceil(last / (DETECTOR_SIDE * STRIDE));
  return Array.from({ length: steps + 1 }, (_, step) => halfToEven((last * step) / Math.max(steps, 1)));
}

/** Rounds as Python does. */
function halfToEven(value) {
  const whole = Math.floor(value);
  return value - whole === 0.5 ? whole + (whole % 2) : Math.round(value);
}

/** Returns a view of a picture; it is black beyond it. */
function cut({ data, width, height }, x, y) {
  const made = new Uint8ClampedArray(DETECTOR_SIDE * DETECTOR_SIDE * 4);
  const first = Math.max(0, -x);
  const last = Math.min(DETECTOR_SIDE, width - x);
  for (let row = Math.max(0, -y); row < Math.min(DETECTOR_SIDE, height - y); row++) {
    const from = ((y + row) * width + x) * 4;
    made.set(data.subarray(from + first * 4, from + last * 4), (row * DETECTOR_SIDE + first) * 4);
  }
  return { data: made, width: DETECTOR_SIDE, height: DETECTOR_SIDE };
}

function sizeOf(points) {
  const [left, top, right, bottom] = boxAround(points);
  return Math.max(right - left, bottom - top);
}

function sameFace(one, other) {
  const [first, second] = [one, other].map((points) => [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length));
  return Math.hypot(first[0] - second[0], first[1] - second[1]) < Math.min(sizeOf(one), sizeOf(other)) / 3;
}

function photoOf(canvas) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return { width: canvas.width, height: canvas.height, read: (...part) => context.getImageData(...part) };
}

/** Returns a picture turned against the clock by right angles. */
function turnedCanvas(picture, quarters) {
  const { width, height } = picture;
  const size = quarters === 2 ? { width, height } : { width: height, height: width };
  const canvas = Object.assign(document.createElement("canvas"), size);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.setTransform(...{ 1: [0, -1, 1, 0, 0, width], 2: [-1, 0, 0, -1, width, height], 3: [0, 1, -1, 0, height, 0] }[quarters]);
  context.drawImage(picture, 0, 0);
  return canvas;
}

function turnedBack([x, y], quarters, width, height) {
  return [[x, y], [width - y, x], [width - x, height - y], [y, height - x]][quarters];
}
