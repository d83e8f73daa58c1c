// A model's network in onnxruntime-web: what it takes, and what it makes.

const FIELDS = ["flow", "shift", "mask", "paint"];

/** Opens a model with onnxruntime-web. provider: "wasm" or "webgpu". */
export function openNetwork(ort, name, provider) {
  // What can be optimised in a model was when the page was built. Failures are told to who asks, not to the console.
  const options = { executionProviders: [provider], graphOptimizationLevel: "disabled", logSeverityLevel: 4 };
  return ort.InferenceSession.create(new URL(`./models/${name}.onnx`, import.meta.url).href, options);
}

/** Returns the fields of a change as {values, size}. photo: at the network's size, -1..1, and label: Float32Arrays. */
export async function runNetwork(ort, session, photo, label) {
  const side = Math.sqrt(photo.length / 3);
  const made = await session.run({
    photo: new ort.Tensor("float32", photo, [1, side, side, 3]),
    label: new ort.Tensor("float32", label, [1, label.length]),
  });
  return Object.fromEntries(
    FIELDS.filter((field) => made[field]).map((field) => [field, { values: made[field].data, size: made[field].dims[1] }]),
  );
}
