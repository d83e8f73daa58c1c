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
  return { name: nameOf(photo, type === "image/png" ? "png" : "jpg"), blob: await marked(blob, tools.settings.mark) };
}

/** Returns the name of an edited file: the photo's own, and what was asked for. */
export function nameOf(photo, ending) {
  const stem = photo.name.replace(/\.[^.]*$/, "");
  const words = photo.faces.flatMap((face) => Object.values(face.asked).flatMap(named)).slice(0, 3);
  return [stem, ...new Set(words), ending].join(".");
}

function named(asked) {
  return Object.keys(asked).filter((name) => asked[name] > 0);
}

/** Hands a file to the person: a blob, or what lies at an address of the program. */
export function hand({ name, blob, address }) {
  const link = Object.assign(document.createElement("a"), { href: address ?? URL.createObjectURL(blob), download: name });
  link.click();
  if (blob) setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
