/**
 * What the page's scripts share: the embedded data, theme colours, and the moment that is being looked at. Scripts
 * are inlined one after the other and meet in the object `page`.
 */
globalThis.page = (() => {
  const data = JSON.parse(document.getElementById('report-data').textContent);
  const momentListeners = [];
  const themeListeners = [];
  let moment = 0;

  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const listener of themeListeners) listener();
  });

  return {
    data,
    element: (id) => document.getElementById(id),
    /** Value of a theme colour, for canvases. */
    colour: (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim(),
    onThemeChange: (listener) => themeListeners.push(listener),

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
  };
})();
