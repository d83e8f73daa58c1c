// What lies over the photo: frames of faces, and arrows where skin moves.
import { boxAround, toPhoto } from "./geometry.js";

const ARROWS = 22; // on each side of the aligned picture

/** Draws a button around each face. */
export function frameFaces(element, photo, onChoose) {
  const { width, height } = photo.work.canvas;
  element.classList.toggle("one", photo.faces.length === 1);
  element.replaceChildren(
    ...photo.faces.map((face, index) => {
      const [left, top, right, bottom] = boxAround(face.work.hull);
      const button = Object.assign(document.createElement("button"), { type: "button", className: "face" });
      button.setAttribute("aria-label", `Face ${index + 1} of ${photo.faces.length}`);
      button.setAttribute("aria-pressed", String(index === photo.chosen));
      Object.assign(button.style, {
        left: `${(100 * left) / width}%`,
        top: `${(100 * top) / height}%`,
        width: `${(100 * (right - left)) / width}%`,
        height: `${(100 * (bottom - top)) / height}%`,
      });
      button.addEventListener("click", () => onChoose(index));
      return button;
    }),
  );
}

/** Draws from where each piece of skin comes to where it goes, if that is wanted. */
export function drawArrows(canvas, photo, wanted) {
  canvas.hidden = !wanted; // a browser draws layers that are empty too
  if (!wanted) return;
  const { width, height } = photo.work.canvas;
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  for (const { flow } of photo.faces) {
    if (!flow) continue;
    const { values, size, matrix } = flow;
    const length = Math.hypot(matrix.a, matrix.b);
    context.lineWidth = Math.max(1, length / 260);
    context.strokeStyle = context.fillStyle = "#ffd24a";
    context.shadowColor = "#000";
    context.shadowBlur = 2;
    for (let index = 0; index < ARROWS ** 2; index++) {
      const u = ((index % ARROWS) + 0.5) / ARROWS;
      const v = (Math.trunc(index / ARROWS) + 0.5) / ARROWS;
      const cell = (Math.trunc(v * size) * size + Math.trunc(u * size)) * 2;
      const [dx, dy] = [values[cell], values[cell + 1]];
      if (Math.hypot(dx, dy) < 0.006) continue;
      arrow(context, toPhoto(matrix, u + dx, v + dy), toPhoto(matrix, u, v), length / 90);
    }
  }
}

function arrow(context, [x, y], [endX, endY], head) {
  const angle = Math.atan2(endY - y, endX - x);
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(endX, endY);
  for (const turn of [2.6, -2.6]) {
    context.moveTo(endX, endY);
    context.lineTo(endX + head * Math.cos(angle + turn), endY + head * Math.sin(angle + turn));
  }
  context.stroke();
}
