/** What each sensor gave for the frame that is shown; one that gave nothing shows its last picture, grey, and why. */
(() => {
  const { page } = globalThis;
  const { viewer } = page;
  const tiles = [...document.querySelectorAll('.sensor')];
  if (!viewer || tiles.length === 0) return;
  const WIDTH = 384;
  const { width, height } = page.data.pictures[0];
  const { cameraModality } = page.data;
  let turn = 0;

  for (const tile of tiles) {
    const canvas = tile.querySelector('canvas');
    canvas.width = WIDTH;
    canvas.height = Math.round((WIDTH * height) / width);
    tile.addEventListener('click', () => page.controls.chooseView(`sensor:${tile.dataset.modality}`));
  }

  async function show(frame, picture) {
    const own = ++turn;
    for (const tile of tiles) {
      const { modality } = tile.dataset;
      const isPresent = picture.present.includes(modality);
      const given = modality === cameraModality ? frame.camera : frame.sensors[modality];
      const image = given ?? (await page.pictures.lastOf(modality, frame.index))?.picture;
      if (own !== turn) return;
      const context = tile.querySelector('canvas').getContext('2d');
      page.layers.drawSensor(context, isPresent ? frame : { sensors: {} }, modality, image);
      tile.classList.toggle('dead', !isPresent);
      tile.setAttribute('aria-pressed', String(viewer.state.view === `sensor:${modality}`));
      describe(tile, modality, isPresent, picture);
    }
  }

  function describe(tile, modality, isPresent, { seconds, absent, routing }) {
    const { state, reason, from, to } = page.stateAt(modality, seconds);
    const health = isPresent ? 'active' : state === 'active' ? 'invalid' : state;
    tile.querySelector('.dot').className = `dot state-${health}`;
    tile.querySelector('.sensor-state').textContent = isPresent ? '' : (absent[modality] ?? state);
    const why = tile.querySelector('.sensor-why');
    why.hidden = isPresent;
    if (!isPresent) {
      const lasting = state === 'active' ? '' : `${(seconds - from).toFixed(1)} s into ${(to - from).toFixed(1)} s`;
      const cause = reason ?? absent[modality] ?? 'not in this mask';
      why.replaceChildren(page.make('b', 'cause', cause), page.make('span', 'lasting', lasting));
    }
    const weight = routing?.[modality];
    const bar = tile.querySelector('.weight-fill');
    if (bar) {
      bar.style.width = `${100 * (weight ?? 0)}%`;
      tile.querySelector('.weight-value').textContent = weight === undefined ? '–' : weight.toFixed(2);
    }
  }

  viewer.onShown((frame, picture) => void show(frame, picture));
})();
