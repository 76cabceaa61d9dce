/** Draws one view of a frame: camera, mask, truth, confidence, errors, or what a sensor gave. */
(() => {
  const { page } = globalThis;
  const DARK = '#0c1016';
  /** Frames whose labels are kept at the size of the canvas. */
  const MOST_SCALED = 8;
  const scaled = new Map();
  const people = new Set(page.data.classes.filter(({ isPerson }) => isPerson).map(({ id }) => id));

  const scratch = document.createElement('canvas');

  /** RGBA by label: transparent where it is no class, or one that is hidden. */
  function colourTable() {
    const table = new Uint8ClampedArray(1024);
    for (const { id } of page.data.classes) {
      if (!page.hidden.has(id)) table.set([...page.classColour(id), 255], 4 * id);
    }
    return table;
  }

  /** Labels of a frame at the size of a canvas. */
  function scaledLabels(frame, kind, { width, height }, smooth) {
    const key = `${frame.index} ${kind} ${width} ${smooth}`;
    const known = scaled.get(key);
    if (known) return known;
    const labels = (smooth ? page.smoothLabels : page.blockLabels)(frame[kind], width, height);
    scaled.set(key, labels);
    if (scaled.size > MOST_SCALED) scaled.delete(scaled.keys().next().value);
    return labels;
  }

  function colourLayer({ width, height, first, second, share }) {
    const table = colourTable();
    const layer = new ImageData(width, height);
    const { data } = layer;
    const words = new Uint32Array(data.buffer);
    const solid = new Uint32Array(table.buffer);
    for (let i = 0, at = 0; i < first.length; i++, at += 4) {
      const one = first[i];
      if (share[i] === 255) {
        words[i] = solid[one];
        continue;
      }
      const other = second[i];
      const a = table[4 * one + 3] * share[i];
      const b = table[4 * other + 3] * (255 - share[i]);
      const sum = a + b;
      if (sum === 0) continue;
      for (let c = 0; c < 3; c++) data[at + c] = (table[4 * one + c] * a + table[4 * other + c] * b) / sum;
      data[at + 3] = sum / 255;
    }
    return layer;
  }

  /** A white line with a dark rim around people, whom nobody may overlook. */
  function outlinePeople(layer, { width, height, first }) {
    if (people.size === 0) return;
    const words = new Uint32Array(layer.data.buffer);
    const isPerson = (at) => people.has(first[at]) && !page.hidden.has(first[at]);
    const rim = [];
    for (let y = 1, at = width; y < height - 1; y++) {
      for (let x = 0; x < width; x++, at++) {
        if (x === 0 || x === width - 1 || !isPerson(at)) continue;
        if (isPerson(at - 1) && isPerson(at + 1) && isPerson(at - width) && isPerson(at + width)) continue;
        rim.push(at);
      }
    }
    for (const [reach, colour] of [
      [2, 0xff14100c],
      [1, 0xffffffff],
    ]) {
      for (const at of rim) {
        const x = at % width;
        for (let dy = -reach; dy <= reach; dy++) {
          for (let dx = -reach; dx <= reach; dx++) {
            const there = at + dy * width + dx;
            if (x + dx >= 0 && x + dx < width && there >= 0 && there < words.length) words[there] = colour;
          }
        }
      }
    }
  }

  function put(context, layer, alpha) {
    const { width, height } = context.canvas;
    Object.assign(scratch, { width: layer.width, height: layer.height });
    scratch.getContext('2d').putImageData(layer, 0, 0);
    context.globalAlpha = alpha;
    context.drawImage(scratch, 0, 0, width, height);
    context.globalAlpha = 1;
  }

  function shade(context, alpha) {
    context.globalAlpha = alpha;
    context.fillStyle = DARK;
    context.fillRect(0, 0, context.canvas.width, context.canvas.height);
    context.globalAlpha = 1;
  }

  function withoutColour(context) {
    context.globalCompositeOperation = 'saturation';
    context.fillStyle = '#808080';
    context.fillRect(0, 0, context.canvas.width, context.canvas.height);
    context.globalCompositeOperation = 'source-over';
  }

  function base(context, frame, dim = 0) {
    const { width, height } = context.canvas;
    shade(context, 1);
    if (frame.camera) context.drawImage(frame.camera, 0, 0, width, height);
    if (frame.camera && dim > 0) shade(context, dim);
  }

  function drawLabels(context, frame, kind, { opacity, smooth, outlines }) {
    base(context, frame);
    const labels = scaledLabels(frame, kind, context.canvas, smooth);
    const layer = colourLayer(labels);
    // Without a camera picture there is nothing to see through the mask.
    put(context, layer, frame.camera ? opacity : Math.max(opacity, 0.92));
    if (!outlines) return;
    const lines = new ImageData(labels.width, labels.height);
    outlinePeople(lines, labels);
    put(context, lines, 1);
  }

  function drawConfidence(context, frame) {
    base(context, frame, 0.55);
    const { width, height, values } = frame.confidence;
    const layer = new ImageData(width, height);
    for (let i = 0; i < values.length; i++) {
      const doubt = 1 - values[i] / 255;
      layer.data.set([255, 214 - 90 * doubt, 70 + 40 * doubt, 255 * Math.min(1, 1.5 * doubt)], 4 * i);
    }
    context.imageSmoothingEnabled = true;
    put(context, layer, 1);
  }

  /** Wrong pixels as they are scored: the mask at the size of the truth, by nearest neighbour. */
  page.wrongPixels = ({ mask, truth }) => {
    const known = new Set(page.data.classes.map(({ id }) => id));
    const wrong = new Uint8Array(truth.labels.length);
    const own = page.blockLabels(mask, truth.width, truth.height).first;
    let [scored, count] = [0, 0];
    for (let i = 0; i < wrong.length; i++) {
      if (!known.has(truth.labels[i])) continue;
      scored++;
      if (own[i] === truth.labels[i]) continue;
      wrong[i] = 1;
      count++;
    }
    return { width: truth.width, height: truth.height, wrong, share: scored === 0 ? Number.NaN : count / scored };
  };

  function drawErrors(context, frame) {
    base(context, frame, 0.5);
    const { width, height, wrong } = page.wrongPixels(frame);
    const layer = new ImageData(width, height);
    const words = new Uint32Array(layer.data.buffer);
    for (let i = 0; i < wrong.length; i++)
      if (wrong[i] === 1 && !page.hidden.has(frame.truth.labels[i])) words[i] = 0xff405cff;
    context.imageSmoothingEnabled = false;
    put(context, layer, 1);
    context.imageSmoothingEnabled = true;
  }

  /** LiDAR points lie over a dim camera picture; what gives a whole picture stands alone. */
  function drawSensor(context, frame, modality, picture = frame.sensors[modality]) {
    const { width, height } = context.canvas;
    shade(context, 1);
    if (picture === undefined) return;
    if (modality !== page.data.cameraModality && isSparse(modality) && frame.camera) {
      context.drawImage(frame.camera, 0, 0, width, height);
      withoutColour(context);
      shade(context, 0.62);
      context.globalCompositeOperation = 'lighten';
    }
    context.imageSmoothingEnabled = modality === page.data.cameraModality;
    context.drawImage(picture, 0, 0, width, height);
    context.imageSmoothingEnabled = true;
    context.globalCompositeOperation = 'source-over';
  }

  const isSparse = (modality) => page.data.sparse.includes(modality);

  async function drawCamera(context, frame, isWanted) {
    const last = frame.camera ? undefined : await page.pictures.lastOf(page.data.cameraModality, frame.index);
    if (!isWanted()) return;
    base(context, frame);
    if (!last) return;
    context.drawImage(last.picture, 0, 0, context.canvas.width, context.canvas.height);
    withoutColour(context);
    shade(context, 0.5);
  }

  page.layers = {
    drawSensor,
    withoutColour,
    scaledLabels,
    /**
     * Draws a view over the whole canvas.
     * @param view - `mask`, `truth`, `camera`, `confidence`, `errors` or the name of a modality after `sensor:`
     * @param isWanted - whether nothing else was asked for while a picture was decoded
     */
    async draw(context, frame, view, options, isWanted = () => true) {
      if (view === 'truth' && frame.truth) drawLabels(context, frame, 'truth', options);
      else if (view === 'camera') await drawCamera(context, frame, isWanted);
      else if (view === 'confidence' && frame.confidence) drawConfidence(context, frame);
      else if (view === 'errors' && frame.truth) drawErrors(context, frame);
      else if (view.startsWith('sensor:')) drawSensor(context, frame, view.slice('sensor:'.length));
      else drawLabels(context, frame, 'mask', options);
    },
  };
})();
