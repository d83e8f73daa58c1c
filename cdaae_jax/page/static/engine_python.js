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
}

async function post(path, body) {
  let answer;
  try {
    answer = await fetch(path, { method: "POST", body });
  } catch {
    throw new Error("The program cdaae-demo does not answer any more. Start it again, then reload this page.");
  }
  if (!answer.ok) throw new Error(sentence((await answer.json()).error));
  return answer;
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}
