// A video that somebody chose: its first frame is shown as a photo, and the program on this machine makes the rest.
import { openPhoto } from "./photo.js";

const LOOK = 300; // ms between two looks at how far the work is
const ENDINGS = /\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|wmv|flv|3gp|mts)$/i;

export const isVideo = (file) => file.type.startsWith("video/") || ENDINGS.test(file.name);

/** Returns the first frame as a photo that knows its video; throws a sentence where the file cannot be used. */
export async function openVideo(file, engine, onMore) {
  if (!engine.takeVideo) throw new Error(`${file.name} is a video. Videos need the program: pip install 'cdaae_jax[demo,video]', then cdaae-demo.`);
  const { first, ...told } = await engine.takeVideo(file);
  return Object.assign(await openPhoto(first, engine, onMore), { video: told });
}

/** Says how long a video is. */
export function lasting({ frames, seconds }) {
  const parts = [seconds && `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} seconds`, frames && `${frames} frames`];
  return parts.filter(Boolean).join(", ");
}

/** Makes the video with what is asked of the chosen face; say(sentence) tells how far it is. Returns the file's address. */
export async function makeVideo(photo, engine, say) {
  const asked = Object.entries(photo.faces[photo.chosen].asked).map(([model, amounts]) => [model, positive(amounts)]);
  const used = asked.filter(([, label]) => Object.keys(label).length);
  if (used.length > 1) throw new Error("A video takes emotions or single movements, not both: set one kind to 0.");
  const [model, label] = used[0];
  await engine.startVideo(photo.video.number, model, label);
  for (;;) {
    const { state, done, of, error } = await engine.videoProgress();
    if (state === "made") return engine.videoMade;
    if (state === "stopped") throw new Error("Stopped. Nothing was kept.");
    if (state === "failed") throw new Error(`${error[0].toUpperCase()}${error.slice(1)}.`);
    say(of ? `Frame ${done} of ${of} …` : `Frame ${done} …`);
    await new Promise((go) => setTimeout(go, LOOK));
  }
}

function positive(amounts) {
  return Object.fromEntries(Object.entries(amounts).filter(([, amount]) => amount > 0));
}
