// Faces and changes computed by this browser alone: MediaPipe's landmarks, and the models by onnxruntime-web.
import * as ort from "./vendor/ort.wasm.min.mjs";
import { FaceLandmarker } from "./vendor/vision_bundle.mjs";
import { eyesOf, hullOf } from "./landmarks.js";

const MOST_FACES = 20;
const FIELDS = ["flow", "shift", "mask", "paint"];

export class BrowserEngine {
  /** Loads the landmarker and the models that settings.json names. */
  static async load(settings) {
    ort.env.wasm.wasmPaths = new URL("./vendor/", import.meta.url).href;
    ort.env.wasm.numThreads = 1; // more need headers that a plain static host does not send
    const engine = new BrowserEngine();
    engine.models = settings.models;
    const names = Object.keys(settings.models);
    const [landmarker, ...sessions] = await Promise.all([
      loadLandmarker(),
      ...names.map((name) => ort.InferenceSession.create(`models/${name}.onnx`)),
    ]);
    engine.landmarker = landmarker;
    engine.sessions = Object.fromEntries(names.map((name, index) => [name, sessions[index]]));
    await navigator.serviceWorker?.register(`service_worker.js?${settings.version}`);
    return engine;
  }

  /** Returns {width, height, faces} of a photo that is in a canvas, the largest face first. */
  async faces(file, canvas) {
    const { width, height } = canvas;
    const found = this.landmarker.detect(canvas).faceLandmarks.map((landmarks) => {
      const points = landmarks.map(({ x, y }) => [x * width, y * height]);
      return { eyes: eyesOf(points), hull: hullOf(points) };
    });
    const reach = ({ hull }) => Math.max(...[0, 1].map((axis) => span(hull.map((corner) => corner[axis]))));
    return { width, height, faces: found.sort((one, other) => reach(other) - reach(one)) };
  }

  /** Returns the change of an aligned picture (RGB bytes) for a label vector: fields as {values, size}. */
  async change(name, picture, label) {
    const { networkSize, pictureSize } = this.models[name];
    const photo = new ort.Tensor("float32", shrunk(picture, pictureSize, networkSize), [1, networkSize, networkSize, 3]);
    const asked = new ort.Tensor("float32", Float32Array.from(label), [1, label.length]);
    const made = await this.sessions[name].run({ photo, label: asked });
    return Object.fromEntries(
      FIELDS.filter((field) => made[field]).map((field) => [field, { values: made[field].data, size: made[field].dims[1] }]),
    );
  }
}

function loadLandmarker() {
  const wasm = { wasmLoaderPath: "vendor/vision_wasm_internal.js", wasmBinaryPath: "vendor/vision_wasm_internal.wasm" };
  const options = { baseOptions: { modelAssetPath: "vendor/face_landmarker.task", delegate: "CPU" }, numFaces: MOST_FACES };
  return FaceLandmarker.createFromOptions(wasm, { ...options, runningMode: "IMAGE" });
}

/** Returns a picture of bytes at the network's size, -1..1: means over blocks. */
function shrunk(picture, side, size) {
  const block = side / size;
  const values = new Float32Array(size * size * 3).fill(-1);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const to = (Math.trunc(y / block) * size + Math.trunc(x / block)) * 3;
      for (let c = 0; c < 3; c++) values[to + c] += picture[(y * side + x) * 3 + c] / (127.5 * block * block);
    }
  }
  return values;
}

function span(values) {
  return Math.max(...values) - Math.min(...values);
}
