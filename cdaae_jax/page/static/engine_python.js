// Faces and changes from the program that serves this page on this machine.

export class PythonEngine {
  /** Yields the faces of a picture file, the largest first; throws a sentence if it cannot be read. */
  async *faces(file) {
    yield (await (await post("engine/faces", file)).json()).faces;
  }

  /** Returns the change of an aligned picture (RGB bytes) for a label vector: fields as {values, size}. */
  async change(model, picture, label) {
    const body = new Uint8Array(picture.length + 4 * label.length);
    body.set(picture);
    body.set(new Uint8Array(Float32Array.from(label).buffer), picture.length);
    const answer = await post(`engine/change/${model}`, body);
    const shapes = JSON.parse(answer.headers.get("X-Fields"));
    const values = new Float32Array(await answer.arrayBuffer());
    const fields = {};
    let first = 0;
    for (const [name, shape] of Object.entries(shapes)) {
      const count = shape.reduce((product, length) => product * length, 1);
      fields[name] = { values: values.subarray(first, first + count), size: shape[0] };
      first += count;
    }
    return fields;
  }

  /** Hands over a video; returns {number, frames, seconds, ending, first}, the last being its first frame as a file. */
  async takeVideo(file) {
    const told = await (await post(`engine/video/take/${encodeURIComponent(file.name)}`, file)).json();
    const first = await (await asked(fetch("engine/video/first_frame.png", { cache: "no-store" }))).blob();
    return { ...told, first: new File([first], file.name, { type: "image/png" }) };
  }

  /** Begins to make the video of that number; `label` has the amounts by name. */
  async startVideo(number, model, label) {
    await post("engine/video/start", JSON.stringify({ number, model, label }));
  }

  /** Returns {state, done, of, error}: "waiting", "making", "made", "stopped" or "failed". */
  async videoProgress() {
    return (await asked(fetch("engine/video/progress", { cache: "no-store" }))).json();
  }

  async stopVideo() {
    await post("engine/video/stop", "");
  }

  /** Where the video that was made is found. */
  videoMade = "engine/video/result";
}

const post = (path, body) => asked(fetch(path, { method: "POST", body }));

/** Returns an answer; throws the sentence that it says instead. */
async function asked(request) {
  let answer;
  try {
    answer = await request;
  } catch {
    throw new Error("The program cdaae-demo does not answer any more. Start it again, then reload this page.");
  }
  if (!answer.ok) throw new Error(sentence((await answer.json()).error));
  return answer;
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}
