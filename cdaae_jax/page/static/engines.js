// Who finds faces and computes changes: the program that serves this page, or this browser.

/** Returns the engine that settings.json names. */
export async function loadEngine(settings) {
  if (settings.engine === "browser") {
    const { BrowserEngine } = await import("./engine_browser.js");
    return new BrowserEngine(settings);
  }
  const { PythonEngine } = await import("./engine_python.js");
  return new PythonEngine();
}
