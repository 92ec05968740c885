// The lessons' live figures on a page without a kernel: the front end is the one of JupyterLab
// (live_figure.js), and what a kernel would answer is looked up among states drawn beforehand.

window.vitutorFrames = {};

const unpack = async (packed) => {
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(plain).json();
};

const nearest = (values, value) =>
  values.reduce((best, v, i) => (Math.abs(v - value) < Math.abs(values[best] - value) ? i : best), 0);

// The state's number among frames, which run through the last control's values first.
const numberOf = (figure, state) =>
  figure.controls.reduce((number, { name, values }) => {
    const at = typeof values[0] === "string" ? values.indexOf(state[name]) : nearest(values, state[name]);
    return number * values.length + at;
  }, 0);

const element = (figure, [style, ...places]) => {
  if (style < 0) {
    const [x, y, image, width, height] = places;
    return `<image x="${x}" y="${y}" width="${width}" height="${height}" preserveAspectRatio="none" href="data:image/png;base64,${figure.images[image]}"/>`;
  }
  let path = "";
  for (let i = 0; i < places.length; i += 3)
    path += `M${places[i]} ${places[i + 1]}${figure.contours[places[i + 2]]}`;
  return `<path d="${path}" ${figure.styles[style]}/>`;
};

const svg = (figure, number) => {
  const [width, height] = figure.pixels;
  const items = [...figure.background, ...figure.frames[number]].map((item) => element(figure, item));
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${10 * width} ${10 * height}"><defs>${figure.definitions}</defs>${items.join("")}</svg>`
  );
};

const awaken = async (place) => {
  const figure = await unpack(window.vitutorFrames[place.dataset.states]);
  const still = place.querySelector("img");
  const properties = {
    title: figure.title,
    state: { ...figure.start, ...JSON.parse(place.dataset.start) },
    sentence: still.alt,
    picture: Uint8Array.from(atob(still.src.split(",")[1]), (c) => c.charCodeAt(0)),
    _controls: figure.controls,
    _pixels: figure.pixels,
  };
  const listeners = {};
  let moved = false;
  const model = {
    get: (name) => properties[name],
    on: (event, listener) => (listeners[event] = listener),
    set: (name, value) => {
      if (name !== "state") return; // how sharp the screen is: paths are always sharp
      moved = true;
      for (const { name, values } of figure.controls)
        properties.state[name] = typeof values[0] === "string" ? value[name] : values[nearest(values, value[name])];
    },
    save_changes: () => {
      if (!moved) return;
      const number = numberOf(figure, properties.state);
      properties.sentence = figure.sentences[number];
      listeners["change:state"]();
      listeners["change:sentence"]();
      const url = URL.createObjectURL(new Blob([svg(figure, number)], { type: "image/svg+xml" }));
      const picture = place.querySelector("img");
      picture.onload = () => URL.revokeObjectURL(url);
      picture.src = url;
    },
  };
  place.replaceChildren();
  window.vitutorFigure.render({ model, el: place });
};

const load = (place) => {
  const name = place.dataset.states;
  const script = document.createElement("script");
  script.src = new URL(`states/${name}.js`, window.vitutorFrames.base).href;
  script.onload = () => awaken(place);
  document.head.append(script);
};

window.vitutorFrames.base = document.currentScript.src;

document.addEventListener("DOMContentLoaded", () => {
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries)
        if (isIntersecting) {
          near.unobserve(target);
          load(target);
        }
    },
    { rootMargin: "800px" },
  );
  document.querySelectorAll("[data-states]").forEach((place) => near.observe(place));
});
