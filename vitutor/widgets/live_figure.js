// One live figure in the page: native controls, the picture, the sentence under it.
// The kernel computes and draws. What is sent is always the newest state: while one is being
// answered, ipywidgets keeps only the last one that comes.

const make = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

const words = (control, value) => {
  const digits = { minimumFractionDigits: control.decimals, maximumFractionDigits: control.decimals };
  const number = value.toLocaleString("en", digits).replace("-", "\u2212");
  return control.unit ? `${number} ${control.unit}` : number;
};

const nearest = (values, value) =>
  values.reduce((best, v, i) => (Math.abs(v - value) < Math.abs(values[best] - value) ? i : best), 0);

// Each control is a node to focus, and `show(value)` that moves it to what the state says.
const slider = (control, send) => {
  const input = make("input", { type: "range", min: 0, max: control.values.length - 1, step: 1 });
  const value = make("span", { className: "vitutor-value", ariaHidden: "true" });
  const widest = Math.max(...control.values.map((v) => words(control, v).length));
  value.style.minWidth = `${widest}ch`;
  const say = (v) => {
    value.textContent = words(control, v);
    input.setAttribute("aria-valuetext", value.textContent);
  };
  input.addEventListener("input", () => {
    say(control.values[input.valueAsNumber]);
    send(control.values[input.valueAsNumber]);
  });
  const show = (v) => {
    input.value = nearest(control.values, v);
    say(v);
  };
  return { input, value, show };
};

const choice = (control, send) => {
  const input = make("select", {}, ...control.values.map((v) => make("option", {}, v)));
  input.addEventListener("change", () => send(input.value));
  return { input, value: make("span"), show: (v) => (input.value = v) };
};

export default {
  render({ model, el }) {
    const title = model.get("title");
    const rows = make("div", { className: "vitutor-controls" });
    const shown = {};
    for (const control of model.get("_controls")) {
      const send = (value) => {
        model.set("state", { ...model.get("state"), [control.name]: value });
        model.save_changes();
      };
      const { input, value, show } = (control.values_are_words ? choice : slider)(control, send);
      input.id = `vitutor-${Math.random().toString(36).slice(2)}`;
      input.name = control.name;
      input.dataset.lmSuppressShortcuts = "true"; // arrows move the slider, not the notebook's cell
      rows.append(make("label", { htmlFor: input.id }, control.label), input, value);
      shown[control.name] = show;
    }

    const [width, height] = model.get("_pixels");
    const picture = make("img", { width, height });
    const sentence = make("p", { role: "status", className: "vitutor-sentence" });
    const figure = make("div", { className: "vitutor-figure", role: "group", ariaLabel: title });
    figure.append(rows, picture, sentence);
    el.append(figure);

    const showState = () =>
      Object.entries(model.get("state")).forEach(([name, value]) => shown[name](value));
    const showPicture = () => {
      const url = URL.createObjectURL(new Blob([model.get("picture")], { type: "image/png" }));
      picture.onload = () => URL.revokeObjectURL(url);
      picture.src = url; // the browser keeps the old picture until this one is decoded
    };
    const showSentence = () => {
      sentence.textContent = picture.alt = model.get("sentence");
    };
    const listeners = { state: showState, picture: showPicture, sentence: showSentence };
    for (const [name, listener] of Object.entries(listeners)) {
      model.on(`change:${name}`, listener);
      listener();
    }

    // As sharp as the screen, and no sharper: pixels are what a frame costs.
    const fitScreen = () => {
      model.set("pixel_ratio", Math.min(2, Math.max(1, window.devicePixelRatio)));
      model.save_changes();
    };
    fitScreen();
    window.addEventListener("resize", fitScreen);

    return () => {
      window.removeEventListener("resize", fitScreen);
      for (const [name, listener] of Object.entries(listeners)) model.off(`change:${name}`, listener);
    };
  },
};
