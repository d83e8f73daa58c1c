// The edited photo as a file, at the photo's full size.
import { canvasOf } from "./photo.js";
import { editFaces } from "./editing.js";
import { marked } from "./mark.js";

/** Returns {name, blob}: a PNG of a PNG, else a JPEG; marked as edited. */
export async function edited(photo, tools) {
  const { width, height } = photo.full.canvas;
  const context = canvasOf(photo.full.canvas, width, height);
  await editFaces(context, photo.faces, "full", tools, tools.painter);
  const type = photo.type === "image/png" ? "image/png" : "image/jpeg";
  const blob = await new Promise((done) => context.canvas.toBlob(done, type, 0.95));
  if (!blob) throw new Error("This browser could not write the picture; it may be too large for it.");
  const stem = photo.name.replace(/\.[^.]*$/, "");
  const words = photo.faces.flatMap((face) => Object.values(face.asked).flatMap(named)).slice(0, 3);
  const name = [stem, ...new Set(words), type === "image/png" ? "png" : "jpg"].join(".");
  return { name, blob: await marked(blob, tools.settings.mark) };
}

function named(asked) {
  return Object.keys(asked).filter((name) => asked[name] > 0);
}

/** Hands a file to the person. */
export function hand({ name, blob }) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
