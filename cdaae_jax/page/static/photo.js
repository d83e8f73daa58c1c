// A photo that somebody chose: opened, its faces found, and what is asked of each.
import { scaled } from "./geometry.js";

export const MOST_PIXELS = 60_000_000; // a canvas takes four bytes a pixel, three times
const WORKING_SIDE = 1024; // pixels of the longer side of what sliders change at once

/** Returns an opened photo with its faces. Throws a sentence where it cannot be used.
 *
 * onMore(photo) is called when more faces were found, smaller ones, while the first are edited already.
 */
export async function openPhoto(file, engine, onMore) {
  if (!file.size) throw new Error(`${file.name} is empty.`);
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image", premultiplyAlpha: "none" });
  } catch {
    throw new Error(`${file.name} is no picture that this browser can open. JPEG, PNG and WebP work.`);
  }
  const { width, height } = bitmap;
  if (width * height > MOST_PIXELS) {
    bitmap.close();
    throw new Error(`${file.name} has ${Math.round(width * height / 1e6)} million pixels; at most 60 million are taken.`);
  }
  const full = canvasOf(bitmap, width, height);
  bitmap.close();
  const search = engine.faces(file, full.canvas);
  const { value: found } = await search.next();
  if (!found?.length) {
    throw new Error(`No face was found in ${file.name}. Choose a photo in which a face is seen from the front.`);
  }
  const scale = Math.min(1, WORKING_SIDE / Math.max(width, height));
  const work = scale < 1 ? canvasOf(full.canvas, Math.round(width * scale), Math.round(height * scale)) : full;
  const opened = (face) => ({
    full: face,
    work: scale < 1 ? scaled(face, work.canvas.width / width) : face,
    asked: { emotion: {}, au: {} },
    places: new Map(),
  });
  const photo = { name: file.name, type: file.type, full, work, faces: found.map(opened), chosen: 0 };
  lookOn(search, (more) => {
    photo.faces.push(...more.map(opened));
    onMore(photo);
  });
  return photo;
}

async function lookOn(search, onFound) {
  for await (const more of search) onFound(more);
}

/** Returns the context of a new canvas with a picture in it, kept in memory where reading it is quick. */
export function canvasOf(picture, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, width, height);
  return context;
}
