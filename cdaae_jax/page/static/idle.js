// Work that can wait.

/** Waits until the browser has nothing else to do; where it cannot say so, until it has done what is due. */
export function idle() {
  return new Promise((done) => (globalThis.requestIdleCallback ?? setTimeout)(done));
}
