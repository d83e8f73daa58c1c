// Questions to a worker, each of which is answered or fails.

export class WorkerCalls {
  #waiting = new Map();
  #asked = 0;
  #worker;
  #ended = "";

  /** worker: answers a message {number, ...} by {number, answer} or {number, wrong: a sentence}. */
  constructor(worker) {
    this.#worker = worker;
    worker.addEventListener("message", ({ data: { number, answer, wrong } }) => {
      const call = this.#waiting.get(number);
      this.#waiting.delete(number);
      if (wrong === undefined) call?.done(answer);
      else call?.failed(new Error(wrong));
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault(); // who asked is told; the console need not be
      this.end(event.message || "its files cannot be loaded");
    });
  }

  /** Returns the answer to a question. */
  ask(question) {
    return new Promise((done, failed) => {
      if (this.#ended) throw new Error(this.#ended);
      this.#asked += 1;
      this.#waiting.set(this.#asked, { done, failed });
      this.#worker.postMessage({ number: this.#asked, ...question });
    });
  }

  /** Does work that asks; after so many ms without its end, ends the worker, so that the work fails. */
  async within(limit, work) {
    const timer = setTimeout(() => this.end(`no answer in ${limit / 1000} s`), limit);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the worker, and with it all that it holds; who waits or asks later is told why. */
  end(why) {
    this.#ended ||= why;
    this.#worker.terminate();
    for (const { failed } of this.#waiting.values()) failed(new Error(this.#ended));
    this.#waiting.clear();
  }
}
