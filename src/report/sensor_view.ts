import type { RgbImage } from './overlay.js';

/** Pictures of sensors are at most about twice this wide, in pixels. */
const VIEW_WIDTH = 320;
const DARK: Colour = [12, 16, 22];
/** ON and OFF events, told apart by every kind of sight. */
const ON_EVENT: Colour = [255, 170, 60];
const OFF_EVENT: Colour = [70, 150, 255];
/** Single events would be next to invisible at their own brightness. */
const LEAST_BRIGHTNESS = 0.55;

type Colour = readonly [number, number, number];
type PaintPixel = (view: Uint8Array, at: number, r: number, g: number, b: number) => void;

/**
 * How an image in a representation for the model is shown to people: distance in the colours of Turbo, near red and far
 * blue; ON events orange and OFF events blue, brighter the more there are. Other representations stay as they are.
 */
const PAINT: Record<string, PaintPixel> = {
  inverse: (view, at, r) => view.set(distanceColour(Math.sqrt(r / 255)), at),
  hha: (view, at, r) => view.set(distanceColour(Math.sqrt(r / 255)), at),
  'hha-published': (view, at, r) => view.set(distanceColour(Math.sqrt(r / 255)), at),
  linear: (view, at, r) => view.set(distanceColour(1 - r / 255), at),
  'range-intensity-height': (view, at, r) => view.set(distanceColour(r / 255), at),
  polarity: paintEvents,
  'counts-recency': paintEvents,
};

/**
 * Draws what a sensor gave for people to look at.
 * @param image - in the representation the model takes; 0 in all channels = nothing known, which is dark in the view
 * @param kind - of that representation
 * @returns an image of the same size; the same one where the representation is a picture already
 */
export function sensorView(image: RgbImage, kind: string): RgbImage {
  const paint = PAINT[kind];
  if (paint === undefined) return image;
  const { width, height, data } = image;
  const view = new Uint8Array(data.length);
  for (let at = 0; at < data.length; at += 3) {
    const [r, g, b] = [data[at]!, data[at + 1]!, data[at + 2]!];
    if ((r | g | b) === 0) view.set(DARK, at);
    else paint(view, at, r, g, b);
  }
  return { width, height, data: view };
}

/**
 * A smaller image for a view, where the image is much larger than one: of each block its brightest pixel, because single
 * events and points would vanish in a mean.
 * @returns the same image where it is small enough
 */
export function reduceForView(image: RgbImage): RgbImage {
  const block = Math.floor(image.width / VIEW_WIDTH);
  if (block < 2) return image;
  const width = Math.floor(image.width / block);
  const height = Math.max(1, Math.floor(image.height / block));
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      const from = brightest(image, x * block, y * block, block);
      data[at] = image.data[from]!;
      data[at + 1] = image.data[from + 1]!;
      data[at + 2] = image.data[from + 2]!;
    }
  }
  return { width, height, data };
}

/** Where in the data the brightest pixel of a block begins. */
function brightest({ width, height, data }: RgbImage, left: number, top: number, block: number): number {
  let best = -1;
  let at = 0;
  for (let y = top; y < Math.min(top + block, height); y++) {
    for (let i = 3 * (y * width + left), end = i + 3 * block; i < end; i += 3) {
      const sum = data[i]! + data[i + 1]! + data[i + 2]!;
      if (sum <= best) continue;
      best = sum;
      at = i;
    }
  }
  return at;
}

function paintEvents(view: Uint8Array, at: number, on: number, _recency: number, off: number): void {
  const colour = on >= off ? ON_EVENT : OFF_EVENT;
  const brightness = LEAST_BRIGHTNESS + ((1 - LEAST_BRIGHTNESS) * Math.max(on, off)) / 255;
  for (let c = 0; c < 3; c++) view[at + c] = Math.round(colour[c]! * brightness);
}

const TURBO = Array.from({ length: 256 }, (_, i) => turbo(i / 255));

/** @param nearness - 0 = as far as the representation reaches, 1 = nearest */
function distanceColour(nearness: number): Colour {
  return TURBO[Math.round(255 * (0.08 + 0.87 * Math.min(1, Math.max(0, nearness))))]!;
}

/** Turbo colour map, as the polynomial that its author published (A. Mikhailov, Google AI blog, 2019). */
function turbo(x: number): Colour {
  const polynomial = (...factors: number[]) => factors.reduceRight((sum, factor) => sum * x + factor, 0);
  const byte = (value: number) => Math.round(255 * Math.min(1, Math.max(0, value)));
  return [
    byte(polynomial(0.13572138, 4.6153926, -42.66032258, 132.13108234, -152.94239396, 59.28637943)),
    byte(polynomial(0.09140261, 2.19418839, 4.84296658, -14.18503333, 4.27729857, 2.82956604)),
    byte(polynomial(0.1066733, 12.64194608, -60.58204836, 110.36276771, -89.90310912, 27.34824973)),
  ];
}
