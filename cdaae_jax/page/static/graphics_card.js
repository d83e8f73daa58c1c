// Models computed by the graphics card (WebGPU), where it computes the same as the processor, and faster.
//
// It is asked in a worker: to open a model takes long, and a card that hangs is left by ending the worker.
import { idle } from "./idle.js";
import { WorkerCalls } from "./worker_calls.js";

const FARTHEST = 1e-4; // from the processor's values: 0.15 pixels, or 0.01 grey levels, of a face in 1500 pixels
const SHARE = 1; // of the processor's time, which the card's must stay below
const RUNS = 5; // whose median counts
const TRIAL = 60_000; // ms, with the download
const ANSWER = 5_000; // ms, once it was tried

export class GraphicsCard {
  /** What was found out, in words. */
  details = "";
  #calls = new WorkerCalls(new Worker(new URL("./graphics_card_worker.js", import.meta.url), { type: "module" }));
  #taken = new Set();
  #left = false;
  #busy = false; // with the trial of another model, for which nobody shall wait
  #trials = Promise.resolve();

  /** Says whether any model is computed here. */
  get computes() {
    return this.#taken.size > 0;
  }

  /** Returns the change that a model makes of {photo, label}; null where the processor has to make it. */
  async change(name, inputs) {
    if (!this.#taken.has(name) || this.#busy) return null;
    try {
      return await this.#calls.within(ANSWER, () => this.#calls.ask({ name, ...inputs }));
    } catch (error) {
      this.#leave(error.message); // a card can be lost at any time
      return null;
    }
  }

  /** Takes a model over if it computes the change of {photo, label} as byProcessor() does, and faster; else is left. */
  takeOver(name, inputs, byProcessor) {
    this.#trials = this.#trials.then(async () => {
      if (this.#left || this.#taken.has(name)) return;
      const byCard = () => this.#calls.ask({ name, ...inputs });
      this.#busy = true;
      try {
        const [apart, card, processor] = await this.#calls.within(TRIAL, async () => [
          farthest(await byCard(), await byProcessor()),
          await median(byCard),
          await median(byProcessor),
        ]);
        this.details = `${name}: card ${card.toFixed(1)} ms, processor ${processor.toFixed(1)} ms, apart ${apart.toExponential(1)}`;
        if (apart <= FARTHEST && card < SHARE * processor) this.#taken.add(name);
        else this.#leave(this.details);
      } catch (error) {
        this.#leave(error.message);
      } finally {
        this.#busy = false;
      }
    });
    return this.#trials;
  }

  #leave(why) {
    this.details = why;
    this.#left = true;
    this.#taken.clear();
    this.#calls.end(why);
  }
}

/** Returns the largest difference of any value; not a number where one is none, or is missing. */
function farthest(made, expected) {
  let apart = 0;
  for (const [field, { values }] of Object.entries(expected)) {
    for (let at = 0; at < values.length; at++) apart = Math.max(apart, Math.abs(made[field]?.values[at] - values[at]));
  }
  return apart;
}

/** Returns the median of some runs' ms; the page may do something else between them. */
async function median(run) {
  const times = [];
  for (let number = 0; number < RUNS; number++) {
    await idle();
    const began = performance.now();
    await run();
    times.push(performance.now() - began);
  }
  return times.sort((one, other) => one - other)[RUNS >> 1];
}
