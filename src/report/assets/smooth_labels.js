/**
 * Class ids at a larger size with smooth edges: each pixel takes the class with the most weight under a quadratic
 * B-spline of one and a half times the pitch of the mask. A wider kernel would lose lines of one pixel, such as poles.
 */
(() => {
  const { page } = globalThis;
  const SCALE = 1.5;
  const REACH = 2;
  const TAPS = 2 * REACH + 1;

  function spline(distance) {
    const t = Math.abs(distance) / SCALE;
    if (t >= 1.5) return 0;
    return t < 0.5 ? 0.75 - t * t : 0.5 * (1.5 - t) ** 2;
  }

  /** By output pixel of one axis: the source pixel it lies in, and the weights of that one and two on either side. */
  function taps(from, to) {
    const pixel = new Int32Array(to);
    const weights = new Float32Array(TAPS * to);
    for (let i = 0; i < to; i++) {
      const at = ((i + 0.5) * from) / to;
      pixel[i] = Math.min(from - 1, Math.floor(at));
      for (let k = 0; k < TAPS; k++) weights[TAPS * i + k] = spline(at - (pixel[i] + k - REACH + 0.5));
    }
    return { pixel, weights };
  }

  /** 1 where all within reach of a pixel are of its class: rows first, then columns of rows. */
  function uniform({ width, height, labels }) {
    const rows = new Uint8Array(width * height);
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        let same = 1;
        for (let k = Math.max(-REACH, -x); k <= Math.min(REACH, width - 1 - x); k++) {
          if (labels[i + k] !== labels[i]) same = 0;
        }
        rows[i] = same;
      }
    }
    const flags = new Uint8Array(width * height);
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        let same = 1;
        for (let k = Math.max(-REACH, -y); k <= Math.min(REACH, height - 1 - y); k++) {
          const there = i + k * width;
          if (rows[there] === 0 || labels[there] !== labels[i]) same = 0;
        }
        flags[i] = same;
      }
    }
    return flags;
  }

  /**
   * @returns per pixel of `width` * `height` the class, the one that comes second, and the share of the first (0..255)
   * where the two meet: an edge is drawn with both colours
   */
  page.smoothLabels = (source, width, height) => {
    const { labels, width: w, height: h } = source;
    const columns = taps(w, width);
    const rows = taps(h, height);
    const flags = uniform(source);
    const first = new Uint8Array(width * height);
    const second = new Uint8Array(width * height);
    const share = new Uint8Array(width * height).fill(255);
    const votes = new Float32Array(256);
    const sharpness = Math.max(1, width / w) * 0.9;
    const around = (own, size) =>
      Array.from({ length: TAPS }, (_, k) => Math.min(size - 1, Math.max(0, own + k - REACH)));
    const columnsAround = Array.from({ length: w }, (_, x) => around(x, w));
    for (let y = 0, at = 0; y < height; y++) {
      const own = rows.pixel[y];
      const lines = around(own, h).map((row) => row * w);
      for (let x = 0; x < width; x++, at++) {
        const column = columns.pixel[x];
        if (flags[own * w + column] === 1) {
          first[at] = labels[own * w + column];
          continue;
        }
        const places = columnsAround[column];
        for (let j = 0; j < TAPS; j++) {
          const weight = rows.weights[TAPS * y + j];
          const line = lines[j];
          for (let i = 0; i < TAPS; i++) votes[labels[line + places[i]]] += weight * columns.weights[TAPS * x + i];
        }
        let [best, next, most, more] = [0, 0, -1, 0];
        for (let j = 0; j < TAPS; j++) {
          for (let i = 0; i < TAPS; i++) {
            const label = labels[lines[j] + places[i]];
            const vote = votes[label];
            if (vote === 0) continue;
            votes[label] = 0;
            if (vote > most) [next, more, best, most] = [best, Math.max(0, most), label, vote];
            else if (vote > more) [next, more] = [label, vote];
          }
        }
        first[at] = best;
        second[at] = next;
        if (more > 0) share[at] = Math.round(127.5 + 127.5 * Math.min(1, (most - more) * sharpness));
      }
    }
    return { width, height, first, second, share };
  };

  /** The same without smoothing: every pixel of the mask as a block. */
  page.blockLabels = ({ labels, width: w, height: h }, width, height) => {
    const first = new Uint8Array(width * height);
    for (let y = 0, at = 0; y < height; y++) {
      const row = Math.floor(((y + 0.5) * h) / height) * w;
      for (let x = 0; x < width; x++, at++) first[at] = labels[row + Math.floor(((x + 0.5) * w) / width)];
    }
    return { width, height, first, second: first, share: new Uint8Array(width * height).fill(255) };
  };
})();
