// Computes models on the graphics card, for graphics_card.js, beside the page: to open a model takes long.
import { openNetwork, runNetwork } from "./network.js";
import * as ort from "./vendor/card/ort.webgpu.min.mjs";

ort.env.wasm.wasmPaths = new URL("./vendor/card/", import.meta.url).href;
ort.env.wasm.numThreads = 1;
ort.env.logLevel = "fatal"; // as in network.js
const sessions = {};
let before = Promise.resolve();

addEventListener("message", ({ data }) => {
  before = before.then(() => answer(data)); // onnxruntime-web runs one at a time here
});

async function answer({ number, name, photo, label }) {
  try {
    const session = await (sessions[name] ??= openNetwork(ort, name, "webgpu"));
    const fields = await runNetwork(ort, session, photo, label);
    postMessage({ number, answer: fields }, Object.values(fields).map(({ values }) => values.buffer));
  } catch (error) {
    postMessage({ number, wrong: String(error?.message ?? error) });
  }
}
