// From what is asked of faces to edited pixels.
import { alignedFace } from "./crop.js";
import { placement } from "./geometry.js";

/** Returns the label vector of asked amounts by name, as cdaae_jax.labels.LabelSpace.parse; null where nothing is asked. */
export function labelVector(model, asked, share = 1) {
  const amounts = model.names.map((name, index) => ((asked[name] ?? 0) * share) / model.full[index]);
  if (amounts.every((amount) => amount === 0)) return null;
  const neutral = model.names.indexOf("neutral");
  if (neutral >= 0 && amounts[neutral] === 0) amounts[neutral] = 1 - amounts.reduce((sum, amount) => sum + amount, 0);
  return amounts;
}

/** Changes faces in a canvas, one model after the other.
 *
 * version: "work" or "full", the size of the canvas; painter: makes changes, a Painter or a Draft.
 */
export async function editFaces(context, faces, version, tools, painter, share = 1) {
  for (const face of faces) {
    let before = ""; // what has been done to the face: the second model sees what the first made
    for (const [name, model] of Object.entries(tools.settings.models)) {
      const label = labelVector(model, askedOf(name, model, face.asked), share);
      if (!label) continue;
      const place = placeOf(face, version, name, model);
      const after = `${before} ${name} ${label}`;
      const picture = await kept(place, "picture", before, () => alignedFace(context, place.matrix, model.pictureSize));
      const fields = await kept(place, "fields", after, () => tools.engine.change(name, picture, label));
      painter.apply(context, fields, place);
      face.flow = version === "work" && share === 1 ? { ...fields.flow, matrix: place.matrix } : face.flow;
      before = `${painter.name} ${after}`;
    }
  }
}

/** Returns the amounts that are asked of a model: movements, and with them the units of the emotions made before. */
function askedOf(name, model, asked) {
  const own = asked[name];
  if (!Object.values(own).some((amount) => amount > 0)) return own;
  const all = { ...own };
  for (const [emotion, units] of Object.entries(model.emotions)) {
    for (const [unit, intensity] of Object.entries(units)) {
      const kept = Math.min((asked.emotion?.[emotion] ?? 0) * intensity, model.full[model.names.indexOf(unit)]);
      all[unit] = Math.max(all[unit] ?? 0, kept);
    }
  }
  return all;
}

/** Returns what is made for a key, and makes it only where the last one was made for another. */
async function kept(place, what, key, make) {
  if (place[what]?.key !== key) place[what] = { key, value: await make() };
  return place[what].value;
}

function placeOf(face, version, name, model) {
  const key = `${version} ${name}`;
  if (!face.places.has(key)) {
    const { eyes, hull } = face[version];
    face.places.set(key, { matrix: placement(eyes, model.alignment), hull });
  }
  return face.places.get(key);
}

/** Says whether anything is asked of a face. */
export function isEdited(face) {
  return Object.values(face.asked).some((asked) => Object.values(asked).some((amount) => amount > 0));
}
