/** The frame viewer: mask over camera on the left, what to compare it with on the right. */
(() => {
  const { page } = globalThis;
  const { pictures } = page.data;
  if (pictures.length === 0) return;

  const CANVAS_WIDTH = 640;
  const PLAY_INTERVAL_MS = 160;
  const slider = page.element('frame-slider');
  const opacity = page.element('mask-opacity');
  const playButton = page.element('frame-play');
  const canvases = { mask: page.element('frame-mask'), reference: page.element('frame-reference') };
  const times = pictures.map(({ seconds }) => seconds);
  const loaded = new Map();
  let index = 0;
  let timer;

  for (const canvas of Object.values(canvases)) {
    if (!canvas) continue;
    canvas.width = CANVAS_WIDTH;
    canvas.height = Math.round((CANVAS_WIDTH * pictures[0].height) / pictures[0].width);
  }

  /** Decodes the images of a frame once; resolves to the images by name. */
  function load(i) {
    if (!loaded.has(i)) {
      const { camera, mask, truth } = pictures[i];
      const entries = Object.entries({ camera, mask, truth }).filter(([, source]) => source !== undefined);
      loaded.set(
        i,
        Promise.all(
          entries.map(async ([name, source]) => {
            const image = new Image();
            image.src = source;
            await image.decode();
            return [name, image];
          }),
        ).then(Object.fromEntries),
      );
    }
    return loaded.get(i);
  }

  function draw(canvas, layers) {
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.globalAlpha = 1;
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (const { image, alpha, smooth } of layers) {
      if (!image) continue;
      context.globalAlpha = alpha;
      context.imageSmoothingEnabled = smooth;
      context.drawImage(image, 0, 0, canvas.width, canvas.height);
    }
    return context;
  }

  const camera = (images) => ({ image: images.camera, alpha: 1, smooth: true });
  // Without a camera picture there is nothing to see through the mask.
  const overlay = (images, image) => ({ image, alpha: images.camera ? opacity.value / 100 : 1, smooth: false });

  /** Wrong pixels in red over a dimmed camera; pixels without ground truth stay as they are. */
  function drawErrors(canvas, images) {
    const { width, height } = canvas;
    const mask = draw(canvas, [{ image: images.mask, alpha: 1, smooth: false }]).getImageData(0, 0, width, height).data;
    const truth = draw(canvas, [{ image: images.truth, alpha: 1, smooth: false }]).getImageData(
      0,
      0,
      width,
      height,
    ).data;
    const context = draw(canvas, [{ ...camera(images), alpha: 0.55 }]);
    const picture = context.getImageData(0, 0, width, height);
    for (let i = 0; i < mask.length; i += 4) {
      if (truth[i + 3] === 0) continue;
      if (mask[i] === truth[i] && mask[i + 1] === truth[i + 1] && mask[i + 2] === truth[i + 2]) continue;
      picture.data.set([239, 62, 54, 255], i);
    }
    context.putImageData(picture, 0, 0);
  }

  function drawReference(images) {
    const view = document.querySelector('input[name=reference]:checked').value;
    if (view === 'errors' && images.truth) drawErrors(canvases.reference, images);
    else if (view === 'truth' && images.truth)
      draw(canvases.reference, [camera(images), overlay(images, images.truth)]);
    else if (view === 'camera' && images.camera) draw(canvases.reference, [camera(images)]);
    else drawNotice(canvases.reference, view === 'camera' ? 'no camera image' : 'no ground truth');
  }

  function drawNotice(canvas, text) {
    const context = draw(canvas, []);
    context.fillStyle = '#9aa6b6';
    context.font = '20px system-ui, sans-serif';
    context.textAlign = 'center';
    context.fillText(text, canvas.width / 2, canvas.height / 2);
  }

  async function show() {
    const wanted = index;
    const images = await load(wanted);
    if (wanted !== index) return;
    draw(canvases.mask, [camera(images), overlay(images, images.mask)]);
    if (canvases.reference) drawReference(images);
    describe(pictures[wanted]);
    void load((wanted + 1) % pictures.length);
  }

  function describe({ seconds, stretch, miou, present, absent, camera }) {
    const text = `${seconds.toFixed(2)} s`;
    page.element('frame-time').textContent = `${text} of ${page.data.endSeconds.toFixed(1)} s`;
    slider.setAttribute('aria-valuetext', text);
    const chips = [];
    if (stretch !== undefined) chips.push(['chip', stretch]);
    if (miou !== undefined) chips.push(['chip', `mIoU ${miou.toFixed(1)} %`]);
    chips.push(['chip', present.join(' + ')]);
    for (const [modality, reason] of Object.entries(absent)) chips.push(['chip absent', `${modality}: ${reason}`]);
    if (camera === undefined) chips.push(['chip', 'mask shown alone']);
    page
      .element('frame-info')
      .replaceChildren(
        ...chips.map(([kind, words]) =>
          Object.assign(document.createElement('span'), { className: kind, textContent: words }),
        ),
      );
    canvases.mask.dataset.frame = String(index);
  }

  function go(to, source) {
    index = Math.max(0, Math.min(pictures.length - 1, to));
    slider.value = String(index);
    if (source !== 'charts') page.lookAt(times[index], 'frames');
    void show();
  }

  function stop() {
    clearInterval(timer);
    timer = undefined;
    markPlaying('Play', 'M4 2.5v11l9-5.5z');
  }

  function togglePlay() {
    if (timer !== undefined) return stop();
    timer = setInterval(() => go((index + 1) % pictures.length), PLAY_INTERVAL_MS);
    markPlaying('Pause', 'M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z');
  }

  function markPlaying(label, path) {
    playButton.setAttribute('aria-label', label);
    playButton.querySelector('path').setAttribute('d', path);
  }

  slider.addEventListener('input', () => {
    stop();
    go(Number(slider.value));
  });
  opacity.addEventListener('input', () => void show());
  playButton.addEventListener('click', togglePlay);
  for (const radio of document.querySelectorAll('input[name=reference]'))
    radio.addEventListener('change', () => void show());

  document.addEventListener('keydown', (event) => {
    // Inputs, buttons and links have their own meaning of these keys.
    if (event.target.closest('input, button, summary, a') || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: pictures.length - 1 };
    if (event.key in steps) {
      stop();
      go(steps[event.key]);
    } else if (event.key === ' ') togglePlay();
    else return;
    event.preventDefault();
  });

  page.onMoment((seconds, source) => {
    if (source === 'frames') return;
    stop();
    go(page.nearest(times, seconds), 'charts');
  });
  go(0);
})();
