/**
 * What the page's scripts share: the embedded data, colours, and the moment that is being looked at. Scripts are inlined
 * one after the other and meet in the object `page`.
 */
globalThis.page = (() => {
  const data = JSON.parse(document.getElementById('report-data').textContent);
  const momentListeners = [];
  const themeListeners = [];
  const colourListeners = [];
  const hidden = new Set();
  let palette = 'bundle';
  let moment = 0;

  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const listener of themeListeners) listener();
  });

  function coloursChanged() {
    for (const { id } of data.classes) {
      document.documentElement.style.setProperty(`--class-${id}`, `rgb(${page.classColour(id).join(' ')})`);
    }
    for (const listener of colourListeners) listener();
  }

  const page = {
    data,
    element: (id) => document.getElementById(id),
    /** Value of a theme colour, for canvases. */
    colour: (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim(),
    onThemeChange: (listener) => themeListeners.push(listener),

    /** RGB of a class in the palette that is chosen. */
    classColour(id) {
      const known = data.classes.find((entry) => entry.id === id);
      return (palette === 'cityscapes' && known?.cityscapes) || known?.color || [0, 0, 0];
    },
    classNameOf(id) {
      return data.classes.find((entry) => entry.id === id)?.name.replaceAll('_', ' ') ?? 'no class';
    },
    setPalette(name) {
      palette = name;
      coloursChanged();
    },
    /** Classes that the reader has hidden. */
    hidden,
    setHidden(ids) {
      hidden.clear();
      for (const id of ids) hidden.add(id);
      coloursChanged();
    },
    onColours: (listener) => colourListeners.push(listener),

    /** Seconds since the start of the bag that frames and charts look at. */
    get moment() {
      return moment;
    },
    /** `source` is told to the listeners, so that whoever moved does not move again. */
    lookAt(seconds, source) {
      moment = seconds;
      for (const listener of momentListeners) listener(seconds, source);
    },
    onMoment: (listener) => momentListeners.push(listener),

    /** Index of the element of an ascending array that is nearest to `value`. */
    nearest(sorted, value) {
      let low = 0;
      let high = sorted.length - 1;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (sorted[middle] <= value) low = middle;
        else high = middle;
      }
      return Math.abs(sorted[high] - value) < Math.abs(sorted[low] - value) ? high : low;
    },

    /** The state of a modality at a time, and the outage it is part of: since when and until when it is not active. */
    stateAt(modality, seconds) {
      const spans = data.timelines.find((timeline) => timeline.modality === modality)?.spans ?? [];
      const at = spans.findIndex(({ from, to }) => seconds >= from && seconds < to);
      if (at < 0) return { state: spans.at(-1)?.state ?? 'waiting', from: 0, to: data.endSeconds };
      let [first, last] = [at, at];
      if (spans[at].state !== 'active') {
        while (first > 0 && spans[first - 1].state !== 'active') first--;
        while (last + 1 < spans.length && spans[last + 1].state !== 'active') last++;
      }
      return { state: spans[at].state, reason: spans[at].reason, from: spans[first].from, to: spans[last].to };
    },

    /** An element with classes and text; nothing of a bag is ever parsed as HTML. */
    make(tag, className, text, attributes = {}) {
      const element = document.createElement(tag);
      if (className) element.className = className;
      if (text !== undefined) element.textContent = text;
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      return element;
    },
  };
  return page;
})();
