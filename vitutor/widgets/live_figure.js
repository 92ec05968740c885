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

const TILE = 32; // pixels, and tiles in a row of a frame's PNG: as in engine.py
const ATLAS = 32;
const decode = (png) => createImageBitmap(new Blob([png], { type: "image/png" }));

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
    const canvas = make("canvas", { width, height, ariaHidden: "true" }); // over the picture
    const pen = canvas.getContext("2d");
    const sentence = make("p", { role: "status", className: "vitutor-sentence" });
    const figure = make("div", { className: "vitutor-figure", role: "group", ariaLabel: title });
    figure.append(rows, make("div", { className: "vitutor-picture" }, picture, canvas), sentence);
    el.append(figure);

    const showState = () =>
      Object.entries(model.get("state")).forEach(([name, value]) => shown[name](value));
    // The old frame stays until the new one is decoded; then it is replaced in one go.
    let background = {};
    let [asked, drawn] = [0, 0];
    const showPicture = async () => {
      const turn = ++asked;
      const png = model.get("picture");
      if (background.png !== png) {
        URL.revokeObjectURL(picture.src);
        picture.src = URL.createObjectURL(new Blob([png], { type: "image/png" }));
        background = { png, image: decode(png) };
      }
      const frame = model.get("_frame");
      if (!frame) return; // a page without a kernel shows whole pictures
      canvas.ariaBusy = "true";
      const [under, over] = await Promise.all([background.image, decode(frame.png)]);
      if (turn < drawn) return;
      drawn = turn;
      if (canvas.width !== under.width || canvas.height !== under.height)
        Object.assign(canvas, { width: under.width, height: under.height });
      pen.drawImage(under, 0, 0);
      const columns = Math.ceil(under.width / TILE);
      frame.tiles.forEach((tile, k) => {
        const from = [(k % ATLAS) * TILE, Math.floor(k / ATLAS) * TILE, TILE, TILE];
        const to = [(tile % columns) * TILE, Math.floor(tile / columns) * TILE, TILE, TILE];
        pen.drawImage(over, ...from, ...to);
      });
      canvas.ariaBusy = String(turn < asked);
      canvas.dispatchEvent(new Event("load"));
    };
    const showSentence = () => {
      sentence.textContent = picture.alt = model.get("sentence");
    };
    const listeners = { state: showState, _frame: showPicture, sentence: showSentence };
    for (const [name, listener] of Object.entries(listeners)) {
      model.on(`change:${name}`, listener);
      listener();
    }

    // One pixel of the figure is one of the screen, up to two a point: pixels are what it costs.
    const fitScreen = () => {
      const pixels = (window.devicePixelRatio * picture.clientWidth) / width;
      model.set("pixel_ratio", Math.min(2, Math.max(1, pixels)));
      model.save_changes();
    };
    const resized = new ResizeObserver(fitScreen);
    resized.observe(picture);
    window.addEventListener("resize", fitScreen);

    return () => {
      resized.disconnect();
      window.removeEventListener("resize", fitScreen);
      for (const [name, listener] of Object.entries(listeners)) model.off(`change:${name}`, listener);
    };
  },
};
