// Faces and changes computed by this browser alone: the landmarks by LiteRT, and the models by onnxruntime-web.
import * as ort from "./vendor/ort.wasm.min.mjs";
import { FaceNetworks } from "./face_networks.js";
import { findFaces } from "./finder.js";
import { idle } from "./idle.js";
import { eyesOf, hullOf } from "./landmarks.js";

const FIRST_EDIT = 3000; // ms that are left to somebody who is quick
const FIELDS = ["flow", "shift", "mask", "paint"];

export class BrowserEngine {
  /** Begins to load the face networks and the models that settings.json names; who asks for one waits for it. */
  constructor(settings) {
    ort.env.wasm.wasmPaths = new URL("./vendor/", import.meta.url).href;
    ort.env.wasm.numThreads = 1; // more need headers that a plain static host does not send
    this.models = settings.models;
    this.networks = FaceNetworks.load();
    this.sessions = {};
    const names = Object.keys(settings.models);
    const keep = async () => {
      await Promise.all([this.networks, this.#session(names[0])]);
      await new Promise((done) => setTimeout(done, FIRST_EDIT));
      await idle();
      await Promise.all(names.map((name) => this.#session(name)));
      await navigator.serviceWorker?.register(`service_worker.js?${settings.version}`);
    };
    keep().catch(() => {}); // who asks for what is missing is told
  }

  #session(name) {
    // What can be optimised in a model was when the page was built.
    const open = () => ort.InferenceSession.create(`models/${name}.onnx`, { graphOptimizationLevel: "disabled" });
    return (this.sessions[name] ??= open());
  }

  /** Yields faces of a photo that is in a canvas as they are found: large ones first, then ever smaller ones. */
  async *faces(file, canvas) {
    for await (const found of findFaces(canvas, await this.networks)) {
      yield found.map((points) => ({ eyes: eyesOf(points), hull: hullOf(points) }));
    }
  }

  /** Returns the change of an aligned picture (RGB bytes) for a label vector: fields as {values, size}. */
  async change(name, picture, label) {
    const { networkSize, pictureSize } = this.models[name];
    const photo = new ort.Tensor("float32", shrunk(picture, pictureSize, networkSize), [1, networkSize, networkSize, 3]);
    const asked = new ort.Tensor("float32", Float32Array.from(label), [1, label.length]);
    const made = await (await this.#session(name)).run({ photo, label: asked });
    return Object.fromEntries(
      FIELDS.filter((field) => made[field]).map((field) => [field, { values: made[field].data, size: made[field].dims[1] }]),
    );
  }
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
