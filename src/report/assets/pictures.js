/** Decodes what the page holds of a frame, when it is shown. */
(() => {
  const { page } = globalThis;
  const { pictures } = page.data;
  /** Decoded frames that are kept: some megabytes each. */
  const MOST_LOADED = 24;
  const loaded = new Map();

  const base64 = (number) => page.element(`blob-${number}`).textContent;

  async function image(number) {
    const picture = new Image();
    picture.src = `data:image/webp;base64,${base64(number)}`;
    await picture.decode();
    return picture;
  }

  async function labels({ width, height, data }) {
    const packed = Uint8Array.from(atob(base64(data)), (character) => character.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    return { width, height, labels: new Uint8Array(await new Response(stream).arrayBuffer()) };
  }

  /** Grey values of a picture at a size. */
  async function grey(number, { width, height }) {
    const picture = await image(number);
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(picture, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    return { width, height, values: Uint8Array.from({ length: width * height }, (_, i) => data[4 * i]) };
  }

  async function load(index) {
    const { camera, mask, truth, confidence, sensors } = pictures[index];
    const names = Object.keys(sensors);
    const [cameraImage, maskLabels, truthLabels, confidenceMap, ...views] = await Promise.all([
      camera === undefined ? undefined : image(camera),
      labels(mask),
      truth && labels(truth),
      confidence === undefined ? undefined : grey(confidence, mask),
      ...names.map((name) => image(sensors[name])),
    ]);
    return {
      index,
      camera: cameraImage,
      mask: maskLabels,
      truth: truthLabels,
      confidence: confidenceMap,
      sensors: Object.fromEntries(names.map((name, i) => [name, views[i]])),
    };
  }

  page.pictures = {
    count: pictures.length,
    times: pictures.map(({ seconds }) => seconds),
    /** Resolves to all images of a frame. */
    load(index) {
      const known = loaded.get(index);
      if (known) {
        loaded.delete(index);
        loaded.set(index, known);
        return known;
      }
      const frame = load(index);
      loaded.set(index, frame);
      if (loaded.size > MOST_LOADED) loaded.delete(loaded.keys().next().value);
      return frame;
    },
    /** The last picture of a sensor at or before a frame, and its time; undefined where it never gave one. */
    async lastOf(modality, index) {
      const isCamera = modality === page.data.cameraModality;
      for (let i = index; i >= 0; i--) {
        const number = isCamera ? pictures[i].camera : pictures[i].sensors[modality];
        if (number !== undefined) return { seconds: pictures[i].seconds, picture: await image(number) };
      }
      return undefined;
    },
  };
})();
