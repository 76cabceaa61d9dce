import type { ImageSize } from '../sensors/index.js';

/** Bytes of any number of channels, row-major, interleaved. */
export interface Raster extends ImageSize {
  channels: number;
  data: Uint8Array;
}

/** Fixed point of the weights: 32 bits without those of a byte and two of reserve. */
const PRECISION_BITS = 22;
const HALF = 1 << (PRECISION_BITS - 1);

/**
 * Resizes a dense picture with a triangle filter that widens with the reduction, horizontally and then vertically, in
 * the fixed-point arithmetic of Pillow's `BILINEAR`: the training package resizes with Pillow, and a model is to be
 * scored on the very bytes it was trained on.
 */
export function resizeBilinear(picture: Raster, size: ImageSize): Raster {
  const wide = picture.width === size.width ? picture : resizeRows(picture, size.width);
  return wide.height === size.height ? wide : resizeColumns(wide, size.height);
}

/**
 * Resizes by nearest neighbour as Pillow does, for sparse pictures: their pixels may not be mixed. Where a centre lies
 * between two pixels, it takes the one that the sum of its steps ends in.
 */
export function resizeNearest({ width, height, channels, data }: Raster, size: ImageSize): Raster {
  if (width === size.width && height === size.height) return { width, height, channels, data };
  const columns = steps(width, size.width);
  const rows = steps(height, size.height);
  const resized = new Uint8Array(size.width * size.height * channels);
  let target = 0;
  for (let y = 0; y < size.height; y++) {
    const row = rows[y]! * width;
    for (let x = 0; x < size.width; x++) {
      const source = (row + columns[x]!) * channels;
      for (let c = 0; c < channels; c++) resized[target++] = data[source + c]!;
    }
  }
  return { ...size, channels, data: resized };
}

/** For each target index its source index, summed up step by step. */
function steps(from: number, to: number): Uint32Array {
  const step = from / to;
  const indices = new Uint32Array(to);
  let position = step * 0.5;
  for (let i = 0; i < to; i++) {
    indices[i] = Math.min(from - 1, Math.trunc(position));
    position += step;
  }
  return indices;
}

/** For each target index the first source index, and the weights of the sources from there on. */
interface Filter {
  first: Int32Array;
  count: Int32Array;
  weights: Int32Array;
  stride: number;
}

function triangle(from: number, to: number): Filter {
  const scale = from / to;
  const widening = Math.max(1, scale);
  const stride = Math.ceil(widening) * 2 + 1;
  const filter = {
    first: new Int32Array(to),
    count: new Int32Array(to),
    weights: new Int32Array(to * stride),
    stride,
  };
  const exact = new Float64Array(stride);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - widening + 0.5));
    const count = Math.min(from, Math.trunc(centre + widening + 0.5)) - first;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const weight = Math.max(0, 1 - Math.abs((k + first - centre + 0.5) * (1 / widening)));
      exact[k] = weight;
      sum += weight;
    }
    filter.first[i] = first;
    filter.count[i] = count;
    for (let k = 0; k < count; k++) {
      const weight = sum === 0 ? exact[k]! : exact[k]! / sum;
      filter.weights[i * stride + k] = Math.trunc(0.5 + weight * (1 << PRECISION_BITS));
    }
  }
  return filter;
}

function resizeRows({ width, height, channels, data }: Raster, to: number): Raster {
  const { first, count, weights, stride } = triangle(width, to);
  const resized = new Uint8Array(to * height * channels);
  let target = 0;
  for (let y = 0; y < height; y++) {
    const row = y * width * channels;
    for (let x = 0; x < to; x++) {
      const begin = row + first[x]! * channels;
      const taps = count[x]!;
      const weight = x * stride;
      for (let c = 0; c < channels; c++) {
        let sum = HALF;
        for (let k = 0, at = begin + c; k < taps; k++, at += channels) sum += data[at]! * weights[weight + k]!;
        resized[target++] = clipped(sum);
      }
    }
  }
  return { width: to, height, channels, data: resized };
}

function resizeColumns({ width, height, channels, data }: Raster, to: number): Raster {
  const { first, count, weights, stride } = triangle(height, to);
  const line = width * channels;
  const resized = new Uint8Array(line * to);
  const sums = new Float64Array(line);
  for (let y = 0; y < to; y++) {
    sums.fill(HALF);
    for (let k = 0; k < count[y]!; k++) {
      const weight = weights[y * stride + k]!;
      const row = (first[y]! + k) * line;
      for (let i = 0; i < line; i++) sums[i]! += data[row + i]! * weight;
    }
    for (let i = 0, target = y * line; i < line; i++) resized[target + i] = clipped(sums[i]!);
  }
  return { width, height: to, channels, data: resized };
}

/** Weights are not negative, so that a sum is below 0 never and above 255 by rounding only. */
function clipped(sum: number): number {
  return Math.min(255, sum >> PRECISION_BITS);
}

/** Cuts out a rectangle that lies inside. */
export function crop({ width, channels, data }: Raster, left: number, top: number, size: ImageSize): Raster {
  const line = size.width * channels;
  const cut = new Uint8Array(line * size.height);
  for (let y = 0; y < size.height; y++) {
    const from = ((top + y) * width + left) * channels;
    cut.set(data.subarray(from, from + line), y * line);
  }
  return { ...size, channels, data: cut };
}
