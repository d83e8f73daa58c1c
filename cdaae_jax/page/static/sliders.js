// One slider for each emotion and each action unit, and presets that move them.

const LARGEST = { emotion: [1.3, 0.01], au: [5, 0.1] };
export const PRESETS = {
  "Smile": { emotion: { happy: 1 } },
  "Hint of a smile": { emotion: { happy: 0.4 } },
  "Joyful surprise": { emotion: { happy: 0.7, surprised: 0.5 } },
  "Calm": { emotion: { neutral: 1 } },
  "Sad": { emotion: { sad: 1 } },
  "Angry": { emotion: { angry: 1 } },
  "Raised brows": { au: { AU1: 4, AU2: 4 } },
  "Eyes closed": { au: { AU43: 5 } },
};

/** Fills the fieldsets and the presets; returns show(asked), which moves the sliders without telling. */
export function makeSliders(settings, onChange, onPreset) {
  const shown = [];
  for (const [model, { names, words }] of Object.entries(settings.models)) {
    const [most, step] = LARGEST[model];
    names.forEach((name, index) => {
      const row = document.createElement("label");
      row.className = "slider";
      const text = document.createElement("span");
      text.textContent = words[index][0].toUpperCase() + words[index].slice(1);
      const output = document.createElement("output");
      const input = Object.assign(document.createElement("input"), { type: "range", min: 0, max: most, step, value: 0 });
      input.dataset.name = name;
      input.disabled = true;
      row.append(text, output, input);
      document.getElementById(model).append(row);
      const tell = () => (output.textContent = Number(input.value) ? Number(input.value).toFixed(step < 0.1 ? 2 : 1) : "");
      input.addEventListener("input", () => {
        tell();
        onChange(model, name, Number(input.value));
      });
      shown.push({ model, name, input, tell });
    });
  }
  for (const [word, asked] of Object.entries(PRESETS)) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: word, disabled: true });
    button.addEventListener("click", () => onPreset({ emotion: {}, au: {}, ...structuredClone(asked) }));
    document.getElementById("presets").append(button);
  }
  return (asked) => {
    document.querySelectorAll("#presets button").forEach((button) => (button.disabled = false));
    for (const { model, name, input, tell } of shown) {
      input.disabled = false;
      input.value = asked[model][name] ?? 0;
      tell();
    }
  };
}
