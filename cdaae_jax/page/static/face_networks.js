// Google's face detector and landmark network, run by LiteRT: cdaae_jax.faces.networks.
import { loadAndCompile, loadLiteRt, Tensor } from "./vendor/litert.js";
import { detections, DETECTOR_SIDE, sigmoid } from "./detections.js";
import { reduced, transformed } from "./pillow.js";

const LANDMARKS_SIDE = 256;
const ROI_SCALE = 1.5; // the landmark network sees a face's box, that much larger

export class FaceNetworks {
  static async load() {
    await loadLiteRt(new URL("./vendor/", import.meta.url).href); // it takes the build for what this browser can
    const networks = new FaceNetworks();
    const open = (name) => loadAndCompile(new URL(`./vendor/${name}.tflite`, import.meta.url).href, { accelerator: "wasm" });
    networks.detector = await open("face_detector");
    networks.landmarker = await open("face_landmarks_detector");
    return networks;
  }

  /** Returns the faces of a view of 128 pixels a side, fractions of its side, the highest score first. */
  async detect(view) {
    const values = floats(view, (byte) => Math.fround(byte / 127.5) - 1);
    const [regressors, logits] = await run(this.detector, values, DETECTOR_SIDE);
    return detections(regressors, logits);
  }

  /** Returns 478 points, in pixels of the photo, and the presence 0..1 of a face in one `region` of it. */
  async landmarks(photo, region) {
    const crop = sample(photo, region, LANDMARKS_SIDE);
    const [values, presence] = await run(this.landmarker, floats(crop, (byte) => byte / 255), LANDMARKS_SIDE);
    const points = Array.from({ length: values.length / 3 }, (_, index) =>
      placeOf(region, values[index * 3] / LANDMARKS_SIDE, values[index * 3 + 1] / LANDMARKS_SIDE).map(Math.fround),
    );
    return { points, presence: sigmoid(presence[0]) };
  }
}

async function run(network, values, side) {
  const input = new Tensor(values, [1, side, side, 3]);
  const outputs = await network.run(input);
  const made = outputs.map((output) => Float32Array.from(output.toTypedArray()));
  for (const tensor of [input, ...outputs]) tensor.delete();
  return made;
}

function floats({ data, width, height }, value) {
  const made = new Float32Array(width * height * 3);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    for (let c = 0; c < 3; c++) made[to++] = value(data[from + c]);
  }
  return made;
}

/** Returns [a, b, c, d, e, f]: a box, enlarged and turned until the eyes are level, from fractions of its sides to the photo. */
export function regionOf(low, high, [right, left]) {
  const [width, height] = [0, 1].map((axis) => ROI_SCALE * (high[axis] - low[axis]));
  const angle = Math.atan2(left[1] - right[1], left[0] - right[0]);
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const [a, b, d, e] = [cosine * width, -sine * height, sine * width, cosine * height];
  const [x, y] = [0, 1].map((axis) => (low[axis] + high[axis]) / 2);
  return [a, b, x - (a + b) / 2, d, e, y - (d + e) / 2].map(Math.fround);
}

/** Returns a place of a region, fractions of its sides, as a place of the photo. */
export function placeOf([a, b, c, d, e, f], u, v) {
  return [a * u + b * v + c, d * u + e * v + f];
}

/** Returns a region of a photo ({read, width, height}) at `side` pixels; beyond the photo its border is repeated. */
export function sample(photo, region, side) {
  const [a, b, c, d, e, f] = region.map((value, index) => (index % 3 < 2 ? value / side : value));
  const factor = Math.max(1, Math.trunc(Math.hypot(a, d)));
  const corners = [[0, 0], [1, 0], [0, 1], [1, 1]].map(([u, v]) => placeOf(region, u, v));
  // Whole blocks of the photo, as they lie when all of it is reduced.
  const part = [photo.width, photo.height].map((limit, axis) => {
    const places = corners.map((corner) => corner[axis]);
    const start = (Math.floor(Math.min(...places) / factor) - 2) * factor;
    const end = (Math.ceil(Math.max(...places) / factor) + 2) * factor;
    const first = Math.min(Math.max(start, 0), Math.trunc((limit - 1) / factor) * factor);
    return [first, Math.min(Math.max(end, first + 1), limit) - first];
  });
  const [[left, width], [top, height]] = part;
  const small = reduced(photo.read(left, top, width, height), factor);
  return transformed(small, [a, b, c - left, d, e, f - top].map((value) => value / factor), side);
}
