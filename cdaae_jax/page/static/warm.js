// Edits a grey picture before there is a photo, so that the first edit waits for no compiler of networks or shaders.
import { editFaces } from "./editing.js";

const SIDE = 64;

export async function warm(tools) {
  const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "grey";
  context.fillRect(0, 0, SIDE, SIDE);
  const eyes = [[22, 28], [42, 28]];
  const hull = [[12, 12], [52, 12], [52, 56], [12, 56]];
  const asked = { emotion: { happy: 1 }, au: {} };
  await editFaces(context, [{ work: { eyes, hull }, asked, places: new Map() }], "work", tools, tools.draft);
}
