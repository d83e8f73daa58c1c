// The page: what a person does, and what they then see.
import { edited, hand, nameOf } from "./download.js";
import { Draft } from "./draft.js";
import { editFaces, isEdited } from "./editing.js";
import { loadEngine } from "./engines.js";
import { drawArrows, frameFaces } from "./overlays.js";
import { Painter } from "./painter.js";
import { Passes } from "./passes.js";
import { openPhoto } from "./photo.js";
import { APPLY, ROWS, SAMPLE } from "./shaders.js";
import { makeSliders } from "./sliders.js";
import { SHARES, strip } from "./strip.js";
import { isVideo, lasting, makeVideo, openVideo } from "./video.js";
import { warm } from "./warm.js";

const REST_AFTER = 150; // ms without a move
const MOST_PHOTOS = 12;
const element = (id) => document.getElementById(id);
// Kept in memory, where what is drawn into it comes from.
const drawing = (id) => element(id).getContext("2d", { willReadFrequently: true });
const state = { photos: [], photo: null, turn: 0, running: false, scratch: {} };
let tools, showAsked, restTimer;

function say(sentence, wrong = false) {
  element("message").textContent = sentence;
  element("message").classList.toggle("wrong", wrong);
}

/** Does something, and says in a sentence what went wrong. */
async function trying(action) {
  try {
    await action();
  } catch (error) {
    say(error.message, true);
  }
}

const chosenFace = () => state.photo.faces[state.photo.chosen];

/** Shows a draft of the newest wish; wishes that come while one is worked on are replaced by the last of them. */
async function update() {
  state.turn += 1;
  delete document.body.dataset.rested;
  clearTimeout(restTimer);
  if (state.running) return;
  state.running = true;
  try {
    let shown = -1;
    while (shown !== state.turn) {
      if (shown >= 0) await new Promise(requestAnimationFrame); // the browser shows one before the next is made
      shown = state.turn;
      await render(state.photo, tools.draft);
      document.body.dataset.shown = shown;
    }
  } finally {
    state.running = false;
  }
  restTimer = setTimeout(() => trying(rest), REST_AFTER);
}

/** Shows what is asked as a download has it, and then the strip. */
async function rest() {
  const turn = state.turn;
  await render(state.photo, tools.painter, () => turn === state.turn);
  if (turn !== state.turn) return;
  document.body.dataset.rested = "yes";
  await showStrip();
  if (turn === state.turn) await improve(chosenFace().asked);
}

/** Lets the engine look for a faster way to compute, and shows what computes. */
async function improve(asked) {
  const names = Object.keys(asked).filter((name) => Object.values(asked[name]).some((amount) => amount > 0));
  if (names.length === 0 || !tools.engine.improve) return;
  const { computes, details } = await tools.engine.improve(names);
  Object.assign(element("computes"), { textContent: computes, title: details });
}

async function render(photo, painter, current = () => photo === state.photo) {
  const { width, height } = photo.work.canvas;
  // Each painter has a canvas of its own, as a draft may begin while a full picture waits for its networks.
  const scratch = (state.scratch[painter.name] ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true }));
  if (scratch.canvas.width !== width || scratch.canvas.height !== height) Object.assign(scratch.canvas, { width, height });
  scratch.drawImage(photo.work.canvas, 0, 0);
  photo.faces.forEach((face) => (face.flow = null));
  await editFaces(scratch, photo.faces, "work", tools, painter);
  if (!current()) return;
  drawing("result").drawImage(scratch.canvas, 0, 0);
  drawArrows(element("arrows"), photo, element("show-arrows").checked);
  const changed = photo.faces.some(isEdited);
  for (const id of ["download", "make", "reset"]) element(id).disabled = !changed;
}

async function showStrip() {
  const photo = state.photo;
  const turn = state.turn;
  element("strip").hidden = !isEdited(chosenFace());
  if (element("strip").hidden) return;
  const made = [];
  for await (const [share, canvas] of strip(photo, tools, () => turn === state.turn)) {
    const button = Object.assign(document.createElement("button"), { type: "button" });
    button.setAttribute("aria-label", `${Math.round(share * 100)} % of it`);
    button.title = `${Math.round(share * 100)} %`;
    const asked = structuredClone(chosenFace().asked);
    button.addEventListener("click", () => ask(weakened(asked, share)));
    button.append(canvas);
    made.push(button);
  }
  if (made.length === SHARES.length) element("strip").replaceChildren(...made);
}

function weakened(asked, share) {
  const most = { emotion: 1.3, au: 5 };
  const weaker = (model, amounts) => Object.entries(amounts).map(([name, amount]) => [name, Math.min(amount * share, most[model])]);
  return Object.fromEntries(Object.entries(asked).map(([model, amounts]) => [model, Object.fromEntries(weaker(model, amounts))]));
}

function ask(asked) {
  chosenFace().asked = asked;
  showAsked(asked);
  trying(update);
}

function choose(face) {
  state.photo.chosen = face;
  frameFaces(element("faces"), state.photo, choose);
  element("faces").children[face].focus({ preventScroll: true });
  showAsked(chosenFace().asked);
  trying(update);
}

function show(photo) {
  state.photo = photo;
  const { width, height } = photo.work.canvas;
  for (const id of ["result", "original"]) {
    Object.assign(element(id), { width, height });
    drawing(id).drawImage(photo.work.canvas, 0, 0);
  }
  for (const [id, hidden] of [["stage", false], ["under", false], ["drop", true], ["strip", true]]) element(id).hidden = hidden;
  element("download").hidden = Boolean(photo.video);
  element("make").hidden = !photo.video;
  element("photos").hidden = state.photos.length < 2;
  element("photos").replaceChildren(...state.photos.map(thumbnail));
  frameFaces(element("faces"), photo, choose);
  showAsked(chosenFace().asked);
  trying(update);
}

function thumbnail(photo) {
  const button = Object.assign(document.createElement("button"), { type: "button", title: photo.name });
  button.setAttribute("aria-label", photo.name);
  button.setAttribute("aria-pressed", String(photo === state.photo));
  const { width, height } = photo.work.canvas;
  const canvas = Object.assign(document.createElement("canvas"), { width: Math.round((112 * width) / height), height: 112 });
  canvas.getContext("2d").drawImage(photo.work.canvas, 0, 0, canvas.width, canvas.height);
  button.append(canvas);
  button.addEventListener("click", () => show(photo));
  return button;
}

function showMore(photo) {
  if (photo !== state.photo) return;
  frameFaces(element("faces"), photo, choose);
  sayFaces(photo);
}

function sayFaces({ faces, video }) {
  if (video) say(`A video${lasting(video) && ` of ${lasting(video)}`}. Set the sliders on its first frame; its largest face is changed.`);
  else say(faces.length > 1 ? `${faces.length} faces were found. Click the one to change.` : "");
}

async function open(files) {
  const wrong = [];
  for (const file of files) {
    say(isVideo(file) ? `Reading ${file.name} …` : `Looking for faces in ${file.name} …`);
    try {
      const photo = await (isVideo(file) ? openVideo : openPhoto)(file, tools.engine, showMore);
      state.photos = [...state.photos, photo].slice(-MOST_PHOTOS);
      show(photo);
      sayFaces(photo);
    } catch (error) {
      wrong.push(error.message);
    }
  }
  if (wrong.length) say(wrong.join(" "), true);
}

async function makeAndHand(photo) {
  element("make").hidden = true;
  element("stop").hidden = false;
  try {
    const address = await makeVideo(photo, tools.engine, say);
    hand({ name: nameOf(photo, photo.video.ending), address });
    say("");
  } finally {
    element("stop").hidden = true;
    element("make").hidden = !state.photo.video;
  }
}

function wire() {
  element("file").addEventListener("change", (event) => {
    const files = [...event.target.files];
    event.target.value = ""; // the same file may be chosen again
    trying(() => open(files));
  });
  element("another").addEventListener("click", () => element("file").click());
  element("sample").addEventListener("click", () =>
    trying(async () => {
      const answer = await fetch("sample.jpg");
      await open([new File([await answer.blob()], "drawn face.jpg", { type: "image/jpeg" })]);
    }),
  );
  element("compare").addEventListener("input", ({ target }) => {
    element("stage").style.setProperty("--at", `${target.value}%`);
    element("stage").classList.toggle("divided", Number(target.value) > 0);
  });
  element("show-arrows").addEventListener("change", () => drawArrows(element("arrows"), state.photo, element("show-arrows").checked));
  element("reset").addEventListener("click", () => ask({ emotion: {}, au: {} }));
  element("download").addEventListener("click", () =>
    trying(async () => {
      say("Editing at full size …");
      hand(await edited(state.photo, tools));
      say("");
    }),
  );
  element("make").addEventListener("click", () => trying(() => makeAndHand(state.photo)));
  element("stop").addEventListener("click", () => trying(() => tools.engine.stopVideo()));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("over");
  });
  document.addEventListener("dragleave", () => document.body.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    trying(() => open([...event.dataTransfer.files]));
  });
}

await trying(async () => {
  const settings = await (await fetch("settings.json")).json();
  const passes = new Passes({ SAMPLE, ROWS, APPLY });
  tools = { settings, engine: await loadEngine(settings), painter: new Painter(settings, passes), draft: new Draft(settings) };
  const onChange = (model, name, amount) => {
    chosenFace().asked[model][name] = amount;
    trying(update);
  };
  showAsked = makeSliders(settings, onChange, ask);
  wire();
  document.body.dataset.ready = "yes";
  await warm(tools);
});
