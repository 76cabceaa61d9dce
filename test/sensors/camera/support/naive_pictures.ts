/** Pictures decoded pixel by pixel, as the definitions of the encodings say: the oracle of the kernels. */

/** Bytes of a pixel in its row, and rows of a picture, as multiples of its height. */
export const SAMPLE_BYTES: Record<string, { bytes: number; rows: number }> = {
  rgb8: { bytes: 3, rows: 1 },
  bgr8: { bytes: 3, rows: 1 },
  rgba8: { bytes: 4, rows: 1 },
  bgra16: { bytes: 8, rows: 1 },
  rgb16: { bytes: 6, rows: 1 },
  mono8: { bytes: 1, rows: 1 },
  mono16: { bytes: 2, rows: 1 },
  bayer_rggb8: { bytes: 1, rows: 1 },
  bayer_bggr8: { bytes: 1, rows: 1 },
  bayer_gbrg8: { bytes: 1, rows: 1 },
  bayer_grbg8: { bytes: 1, rows: 1 },
  bayer_rggb16: { bytes: 2, rows: 1 },
  bayer_gbrg16: { bytes: 2, rows: 1 },
  uyvy: { bytes: 2, rows: 1 },
  yuyv: { bytes: 2, rows: 1 },
  nv12: { bytes: 1, rows: 1.5 },
  nv21: { bytes: 1, rows: 1.5 },
  nv24: { bytes: 1, rows: 3 },
};

interface NaiveImage {
  encoding: string;
  width: number;
  height: number;
  step: number;
  is_bigendian: number;
  data: Uint8Array;
}

type Rgb = readonly [number, number, number];

/** @returns height * width * 3 bytes, RGB; of 16-bit samples the upper eight bits */
export function naivePicture(image: NaiveImage): Uint8Array {
  const { width, height } = image;
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rgb.set(pixelAt(image, x, y), 3 * (y * width + x));
  return rgb;
}

function pixelAt(image: NaiveImage, x: number, y: number): Rgb {
  const { encoding, data, step } = image;
  const bits = encoding.endsWith('16') ? 16 : 8;
  const sample = (column: number, row: number) => {
    const at = row * step + (column * bits) / 8;
    if (bits === 8) return data[at]!;
    return image.is_bigendian ? data[at]! * 256 + data[at + 1]! : data[at + 1]! * 256 + data[at]!;
  };
  const upper = (value: number) => value >> (bits - 8);
  if (encoding.startsWith('mono')) return [upper(sample(x, y)), upper(sample(x, y)), upper(sample(x, y))];
  if (encoding.startsWith('bayer')) {
    const [red, green, blue] = mosaicAt(image, sample, x, y);
    return [upper(red), upper(green), upper(blue)];
  }
  if (/^(uyvy|yuyv|nv)/.test(encoding)) return yuvAt(image, x, y);
  const channels = encoding.includes('a') ? 4 : 3;
  const [a, b, c] = [0, 1, 2].map((channel) => upper(sample(x * channels + channel, y))) as [number, number, number];
  return encoding.startsWith('rgb') ? [a, b, c] : [c, b, a];
}

/** Each colour is the rounded mean of the nearest pixels that measured it. */
function mosaicAt(
  { encoding, width, height }: NaiveImage,
  sample: (x: number, y: number) => number,
  x: number,
  y: number,
): Rgb {
  const pattern = encoding.slice(6, 10);
  const mirror = (place: number, length: number) =>
    place < 0 ? -place : place >= length ? 2 * length - 2 - place : place;
  const mean = (offsets: readonly (readonly [number, number])[]) => {
    const values = offsets.map(([dx, dy]) => sample(mirror(x + dx, width), mirror(y + dy, height)));
    return Math.floor(values.reduce((sum, value) => sum + value, 0) / values.length + 0.5);
  };
  const sides = [
    [-1, 0],
    [1, 0],
  ] as const;
  const ends = [
    [0, -1],
    [0, 1],
  ] as const;
  const corners = [
    [-1, -1],
    [1, -1],
    [-1, 1],
    [1, 1],
  ] as const;
  const colourAt = (dx: number, dy: number) => pattern[((y + dy) & 1) * 2 + ((x + dx) & 1)];
  const find = (colour: string) => {
    if (colourAt(0, 0) === colour) return sample(x, y);
    const isAtSides = colourAt(1, 0) === colour;
    const isAtEnds = colourAt(0, 1) === colour;
    if (isAtSides && isAtEnds) return mean([...sides, ...ends]);
    return mean(isAtSides ? sides : isAtEnds ? ends : corners);
  };
  return [find('r'), find('g'), find('b')];
}

/** ITU-R BT.601, limited range, in 16-bit fractions. */
function yuvAt({ encoding, height, step, data }: NaiveImage, x: number, y: number): Rgb {
  const chromaStart = step * height;
  const even = x - (x % 2);
  const places: Record<string, readonly [number, number, number]> = {
    uyvy: [y * step + 2 * x + 1, y * step + 2 * even, y * step + 2 * even + 2],
    yuyv: [y * step + 2 * x, y * step + 2 * even + 1, y * step + 2 * even + 3],
    nv12: [y * step + x, chromaStart + (y >> 1) * step + even, chromaStart + (y >> 1) * step + even + 1],
    nv21: [y * step + x, chromaStart + (y >> 1) * step + even + 1, chromaStart + (y >> 1) * step + even],
    nv24: [y * step + x, chromaStart + 2 * y * step + 2 * x, chromaStart + 2 * y * step + 2 * x + 1],
  };
  const [luma, u, v] = places[encoding]!.map((place) => data[place]!) as [number, number, number];
  const light = 76_309 * Math.max(0, luma - 16) + 32_768;
  const clamp = (value: number) => Math.max(0, Math.min(255, Math.floor(value / 65_536)));
  return [
    clamp(light + 104_597 * (v - 128)),
    clamp(light - 25_675 * (u - 128) - 53_279 * (v - 128)),
    clamp(light + 132_201 * (u - 128)),
  ];
}
