/** Buttons, keys and lists that move the viewer. */
(() => {
  const { page } = globalThis;
  const { viewer } = page;
  if (!viewer) return;
  const { pictures, moments, worst, classes } = page.data;
  const PLAY_INTERVAL_MS = 160;
  const slider = page.element('frame-slider');
  const playButton = page.element('frame-play');
  const { state } = viewer;
  let timer;

  function describe({ seconds, stretch, miou, present, model }) {
    slider.value = String(state.index);
    const text = `${seconds.toFixed(2)} s`;
    page.element('frame-time').textContent = `${text} of ${page.data.endSeconds.toFixed(1)} s`;
    slider.setAttribute('aria-valuetext', text);
    const chips = [];
    if (stretch !== undefined) chips.push(stretch);
    if (miou !== undefined) chips.push(`mIoU ${miou.toFixed(1)} %`);
    chips.push(`mask from ${present.join(' + ')}`);
    if (model !== undefined && page.data.hasFallbacks) chips.push(`by ${model}`);
    if (worst.includes(state.index)) chips.push(`${worst.indexOf(state.index) + 1}. worst`);
    page.element('frame-info').replaceChildren(...chips.map((words) => page.make('span', 'chip', words)));
    for (const item of document.querySelectorAll('[data-go]')) {
      const isHere = item.dataset.go === String(state.index);
      if (isHere) item.setAttribute('aria-current', 'true');
      else item.removeAttribute('aria-current');
    }
  }

  function stop() {
    clearInterval(timer);
    timer = undefined;
    markPlaying('Play', 'M4 2.5v11l9-5.5z');
  }

  function togglePlay() {
    if (timer !== undefined) return stop();
    timer = setInterval(() => viewer.go((state.index + 1) % pictures.length), PLAY_INTERVAL_MS);
    markPlaying('Pause', 'M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z');
  }

  function markPlaying(label, path) {
    playButton.setAttribute('aria-label', label);
    playButton.querySelector('path').setAttribute('d', path);
  }

  function goTo(index) {
    stop();
    viewer.go(index);
  }

  /** The picture that shows what happened at a moment: the first one not before it. */
  function pictureOf(seconds) {
    const at = page.pictures.times.findIndex((time) => time >= seconds - 1e-6);
    return at < 0 ? pictures.length - 1 : at;
  }

  const jumps = (kind) =>
    [...new Set(moments.filter((moment) => moment.kind === kind).map(({ seconds }) => pictureOf(seconds)))].sort(
      (a, b) => a - b,
    );
  const targets = { state: jumps('state'), fault: jumps('fault') };

  /** On to the next of some frames, or back; from the last to the first. */
  function jump(frames, direction) {
    if (frames.length === 0) return;
    const next =
      direction > 0 ? frames.find((index) => index > state.index) : frames.findLast((index) => index < state.index);
    goTo(next ?? frames.at(direction > 0 ? 0 : -1));
  }

  function nextWorst() {
    if (worst.length > 0) goTo(worst[(worst.indexOf(state.index) + 1) % worst.length]);
  }

  function chooseView(view) {
    const again = state.view === view && view.startsWith('sensor:');
    const chosen = again ? 'mask' : view;
    for (const radio of document.querySelectorAll('input[name=view]')) radio.checked = radio.value === chosen;
    viewer.setView(chosen);
  }

  const againstRadios = [...document.querySelectorAll('input[name=against]')];
  function nextAgainst() {
    if (againstRadios.length === 0) return;
    const next = againstRadios[(againstRadios.findIndex(({ checked }) => checked) + 1) % againstRadios.length];
    next.checked = true;
    viewer.setAgainst(next.value);
  }

  slider.addEventListener('input', () => goTo(Number(slider.value)));
  playButton.addEventListener('click', togglePlay);
  page.element('frame-back').addEventListener('click', () => goTo(state.index - 1));
  page.element('frame-on').addEventListener('click', () => goTo(state.index + 1));
  page
    .element('mask-opacity')
    .addEventListener('input', (event) => viewer.setOption('opacity', event.target.value / 100));
  for (const radio of document.querySelectorAll('input[name=view]')) {
    radio.addEventListener('change', () => chooseView(radio.value));
  }
  for (const radio of againstRadios) radio.addEventListener('change', () => viewer.setAgainst(radio.value));
  for (const box of document.querySelectorAll('input[data-option]')) {
    box.addEventListener('change', () => viewer.setOption(box.dataset.option, box.checked));
  }
  for (const button of document.querySelectorAll('[data-jump]')) {
    const { jump: kind, direction } = button.dataset;
    if (kind === 'worst') button.addEventListener('click', nextWorst);
    else {
      button.disabled = targets[kind].length === 0;
      button.addEventListener('click', () => jump(targets[kind], Number(direction)));
    }
  }
  for (const button of document.querySelectorAll('[data-at]')) {
    const index = pictureOf(Number(button.dataset.at));
    button.dataset.go = String(index);
    button.addEventListener('click', () => goTo(index));
  }

  // Classes: one click hides or shows, with Shift or twice only this one.
  const legend = [...document.querySelectorAll('.class-toggle')];
  const markLegend = () => {
    for (const button of legend)
      button.setAttribute('aria-pressed', String(!page.hidden.has(Number(button.dataset.class))));
  };
  const ids = classes.map(({ id }) => id);
  const only = (id) => page.setHidden(ids.filter((each) => each !== id));
  for (const button of legend) {
    const id = Number(button.dataset.class);
    button.addEventListener('click', (event) => {
      if (event.shiftKey) only(id);
      else if (page.hidden.has(id)) page.setHidden([...page.hidden].filter((each) => each !== id));
      else page.setHidden([...page.hidden, id]);
    });
    button.addEventListener('dblclick', () => only(id));
  }
  page.element('classes-all').addEventListener('click', () => page.setHidden([]));
  page.element('classes-none').addEventListener('click', () => page.setHidden(ids));
  for (const radio of document.querySelectorAll('input[name=palette]')) {
    radio.addEventListener('change', () => page.setPalette(radio.value));
  }
  page.onColours(markLegend);

  const keys = {
    ArrowLeft: () => goTo(state.index - 1),
    ArrowRight: () => goTo(state.index + 1),
    Home: () => goTo(0),
    End: () => goTo(pictures.length - 1),
    ' ': togglePlay,
    '[': () => jump(targets.state, -1),
    ']': () => jump(targets.state, 1),
    f: () => jump(targets.fault, 1),
    w: nextWorst,
    s: nextAgainst,
    ...Object.fromEntries(
      [...document.querySelectorAll('input[name=view]')].map(({ value }, i) => [
        String(i + 1),
        () => chooseView(value),
      ]),
    ),
  };
  document.addEventListener('keydown', (event) => {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // Inputs and links have their own meaning of these keys, buttons of the space bar.
    if (target.closest('input, summary, a, select') || (key === ' ' && target.closest('button'))) return;
    const act = keys[key];
    if (act === undefined) return;
    act();
    event.preventDefault();
  });

  viewer.onShown((_frame, picture) => describe(picture));
  page.onMoment((_seconds, source) => {
    if (source === 'charts') stop();
  });
  page.controls = { chooseView, goTo };
})();
