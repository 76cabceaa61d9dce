/** The large picture: which frame, in which view, against which other one, and what is under the pointer. */
(() => {
  const { page } = globalThis;
  const { pictures, cameraModality, classes } = page.data;
  if (pictures.length === 0) return;

  const WIDTH = 960;
  const canvas = page.element('frame-mask');
  const box = page.element('stage');
  const handle = page.element('swipe-handle');
  const banner = page.element('frame-banner');
  const probe = page.element('frame-probe');
  const other = document.createElement('canvas');
  const known = new Set(classes.map(({ id }) => id));
  const shownListeners = [];
  const state = {
    index: page.data.opening,
    view: 'mask',
    against: 'off',
    split: 0.5,
    options: { opacity: 0.6, smooth: true, outlines: classes.some(({ isPerson }) => isPerson) },
  };
  let shown;
  let pending = 0;

  const { width, height } = pictures[0];
  for (const each of [canvas, other]) {
    each.width = height > width ? Math.round((WIDTH * width) / height) : WIDTH;
    each.height = height > width ? WIDTH : Math.round((WIDTH * height) / width);
  }

  const LABELS = { mask: 'Mask', truth: 'Ground truth', camera: 'Camera', confidence: 'Confidence', errors: 'Errors' };
  const labelOf = (view) => LABELS[view] ?? view.replace('sensor:', '');

  async function draw() {
    const turn = ++pending;
    const isWanted = () => turn === pending;
    const { index, view, against, options } = state;
    const frame = await page.pictures.load(index);
    if (!isWanted()) return;
    const context = canvas.getContext('2d');
    await page.layers.draw(context, frame, view, options, isWanted);
    if (!isWanted()) return;
    if (against !== 'off') {
      await page.layers.draw(other.getContext('2d'), frame, against, options, isWanted);
      if (!isWanted()) return;
      const from = Math.round(canvas.width * state.split);
      if (from < canvas.width) {
        const rest = canvas.width - from;
        context.drawImage(other, from, 0, rest, canvas.height, from, 0, rest, canvas.height);
      }
    }
    shown = frame;
    canvas.dataset.frame = String(index);
    canvas.dataset.view = against === 'off' ? view : `${view} ${against}`;
    describeViews(frame);
    describeCamera();
    for (const listener of shownListeners) listener(frame, pictures[index]);
    void page.pictures.load((index + 1) % pictures.length);
  }

  function describeViews(frame) {
    const swiping = state.against !== 'off';
    handle.hidden = !swiping;
    handle.style.left = `${100 * state.split}%`;
    handle.setAttribute('aria-valuenow', String(Math.round(100 * state.split)));
    const share = state.view === 'errors' && frame.truth ? page.wrongPixels(frame).share : Number.NaN;
    page.element('view-left').textContent = Number.isNaN(share)
      ? state.view === 'camera' && !frame.camera
        ? 'Camera: its last picture'
        : labelOf(state.view)
      : `${labelOf(state.view)}: ${(100 * share).toFixed(1)} % of the pixels are wrong`;
    const right = page.element('view-right');
    right.hidden = !swiping;
    right.textContent = labelOf(state.against);
    page.element('confidence-scale').hidden = ![state.view, state.against].includes('confidence');
  }

  /** Says over the picture why there is no camera in it, and what the mask is made from instead. */
  function describeCamera() {
    const { camera, present, seconds } = pictures[state.index];
    banner.hidden = cameraModality === undefined || camera !== undefined;
    if (banner.hidden) return;
    const { state: health, reason, from, to } = page.stateAt(cameraModality, seconds);
    const why = reason ?? pictures[state.index].absent[cameraModality] ?? health;
    const time =
      health === 'active' ? '' : `, ${(seconds - from).toFixed(1)} s into an outage of ${(to - from).toFixed(1)} s`;
    const rest = present.length === 0 ? 'nothing' : present.join(', ').replace(/, ([^,]*)$/, ' and $1');
    banner.replaceChildren(
      page.make('b', '', `No ${cameraModality}:`),
      ` ${why}${time}. `,
      page.make('span', '', `This mask is made from ${rest}.`),
    );
  }

  function go(index, source = 'frames') {
    state.index = Math.max(0, Math.min(pictures.length - 1, index));
    page.lookAt(page.pictures.times[state.index], source);
    void draw();
  }

  /** Class, confidence and truth of the pixel under the pointer. */
  function tell(event) {
    if (shown === undefined) return;
    const area = canvas.getBoundingClientRect();
    const [u, v] = [(event.clientX - area.left) / area.width, (event.clientY - area.top) / area.height];
    if (u < 0 || v < 0 || u >= 1 || v >= 1) return hush();
    const at = ({ width: w, height: h }, values) => values[Math.floor(v * h) * w + Math.floor(u * w)];
    const labels = page.layers.scaledLabels(shown, 'mask', canvas, state.options.smooth);
    const own = at(labels, labels.first);
    const truth = shown.truth && at(shown.truth, shown.truth.labels);
    const sure = shown.confidence && at(shown.confidence, shown.confidence.values);
    const swatch = page.make('i', 'dot', undefined, { style: `background: rgb(${page.classColour(own).join(' ')})` });
    const parts = [swatch, page.make('b', '', page.classNameOf(own))];
    if (sure !== undefined) parts.push(` ≈ ${Math.round((100 * sure) / 255)} % sure`);
    if (truth !== undefined && truth !== own) {
      parts.push(page.make('span', 'truth', known.has(truth) ? `truth: ${page.classNameOf(truth)}` : 'not scored'));
    }
    probe.replaceChildren(...parts);
    probe.hidden = false;
    const left = Math.min(area.width - probe.offsetWidth - 4, Math.max(4, u * area.width + 14));
    const top =
      v * area.height + 16 + probe.offsetHeight > area.height
        ? v * area.height - probe.offsetHeight - 10
        : v * area.height + 16;
    probe.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  function hush() {
    probe.hidden = true;
  }

  function splitTo(share) {
    state.split = Math.max(0, Math.min(1, share));
    void draw();
  }

  box.addEventListener('pointermove', tell);
  box.addEventListener('pointerdown', (event) => {
    tell(event);
    if (state.against === 'off' || (event.pointerType !== 'mouse' && !handle.contains(event.target))) return;
    event.preventDefault();
    handle.focus({ preventScroll: true });
    const area = canvas.getBoundingClientRect();
    const move = ({ clientX }) => splitTo((clientX - area.left) / area.width);
    const end = () => {
      removeEventListener('pointermove', move);
      removeEventListener('pointerup', end);
      removeEventListener('pointercancel', end);
    };
    move(event);
    addEventListener('pointermove', move);
    addEventListener('pointerup', end);
    addEventListener('pointercancel', end);
  });
  box.addEventListener('pointerleave', hush);
  handle.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -0.05, ArrowRight: 0.05, Home: -1, End: 1 }[event.key];
    if (step === undefined) return;
    splitTo(state.split + step);
    event.preventDefault();
    event.stopPropagation();
  });

  page.onColours(() => void draw());
  page.viewer = {
    state,
    go,
    draw,
    splitTo,
    /** Called with each frame once it is drawn. */
    onShown: (listener) => shownListeners.push(listener),
    setView(view) {
      state.view = view;
      void draw();
    },
    setAgainst(view) {
      state.against = view;
      void draw();
    },
    setOption(name, value) {
      state.options[name] = value;
      void draw();
    },
  };
  page.onMoment((seconds, source) => {
    if (source !== 'charts') return;
    state.index = page.nearest(page.pictures.times, seconds);
    void draw();
  });
})();
