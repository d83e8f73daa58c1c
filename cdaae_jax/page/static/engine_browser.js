// Faces and changes computed by this browser alone: the landmarks by LiteRT, and the models by onnxruntime-web.
import * as ort from "./vendor/ort.wasm.min.mjs";
import { FaceNetworks } from "./face_networks.js";
import { findFaces } from "./finder.js";
import { idle } from "./idle.js";
import { eyesOf, hullOf } from "./landmarks.js";
import { openNetwork, runNetwork } from "./network.js";

const FIRST_EDIT = 3000; // ms that are left to somebody who is quick

export class BrowserEngine {
  /** Begins to load the face networks and the models that settings.json names; who asks for one waits for it. */
  constructor(settings) {
    ort.env.wasm.wasmPaths = new URL("./vendor/", import.meta.url).href;
    ort.env.wasm.numThreads = 1; // more need headers that a plain static host does not send
    this.models = settings.models;
    this.networks = FaceNetworks.load();
    this.sessions = {};
    this.latest = {}; // what each model was asked for
    this.card = null;
    const names = Object.keys(settings.models);
    const keep = async () => {
      await Promise.all([this.networks, this.#session(names[0])]);
      await new Promise((done) => setTimeout(done, FIRST_EDIT));
      await idle();
      await Promise.all(names.map((name) => this.#session(name)));
      if (await navigator.serviceWorker?.register(`service_worker.js?${settings.version}`)) await navigator.serviceWorker.ready;
    };
    this.kept = keep().catch(() => {}); // who asks for what is missing is told
  }

  #session(name) {
    return (this.sessions[name] ??= openNetwork(ort, name, "wasm"));
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
    const inputs = { photo: shrunk(picture, pictureSize, networkSize), label: Float32Array.from(label) };
    this.latest[name] = inputs;
    return (await this.card?.change(name, inputs)) ?? this.#byProcessor(name, inputs);
  }

  async #byProcessor(name, { photo, label }) {
    return runNetwork(ort, await this.#session(name), photo, label);
  }

  /** Lets a graphics card take over models that have changed the photo at hand, while nobody waits.
   *
   * Returns {computes: a sentence, details: why}.
   */
  async improve(names) {
    await this.kept; // what everybody needs comes first
    await (this.looked ??= this.#lookForCard());
    for (const name of names) {
      const inputs = this.latest[name];
      await this.card?.takeOver(name, inputs, () => this.#byProcessor(name, inputs));
    }
    const what = this.card?.computes ? "graphics card" : "processor";
    return { computes: `Computed by this machine's ${what}.`, details: this.card?.details ?? "" };
  }

  async #lookForCard() {
    if (navigator.connection?.saveData) return; // 27 MB are a lot then
    try {
      const adapter = await navigator.gpu?.requestAdapter();
      if (!adapter || adapter.info?.isFallbackAdapter) return; // the latter is the processor, and slower
      this.card = new (await import("./graphics_card.js")).GraphicsCard();
    } catch {
      // There is none then, and the processor goes on.
    }
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
