import type { PointCloud2, PointField } from '../../messages/types.js';
import { inSlices } from '../in_slices.js';

/** Points as a structure of arrays, metres in the sensor's frame; points with a coordinate not finite are left out. */
export interface PointCloud {
  length: number;
  x: Float32Array;
  y: Float32Array;
  z: Float32Array;
  /** 0..255; all 0 where the cloud has no intensity. */
  intensity: Float32Array;
}

export type PointCloudOutcome = { kind: 'cloud'; cloud: PointCloud } | { kind: 'invalid'; reason: string };

export interface ReadPointCloudOptions {
  /**
   * The value of the intensity field that means full scale and becomes 255. Without it the field's datatype decides:
   * integers of 8 bits and all floats are taken as 0..255, those of 16 bits as 0..65535, of 32 bits likewise 0..65535.
   * Never guessed from the values, or a dark scene would flicker. Drivers that publish 0..1 need `1` here.
   */
  intensityFullScale?: number;
}

/** More points than any LiDAR sends in one message; a header that claims more lies. */
const MAX_POINTS = 16_777_216;
const VALUES_PER_SLICE = 150_000;

/** PointField datatypes 1..8: bytes, and the value taken as full intensity. */
const datatypes: Record<number, { bytes: number; fullIntensity: number }> = {
  1: { bytes: 1, fullIntensity: 255 },
  2: { bytes: 1, fullIntensity: 255 },
  3: { bytes: 2, fullIntensity: 65535 },
  4: { bytes: 2, fullIntensity: 65535 },
  5: { bytes: 4, fullIntensity: 65535 },
  6: { bytes: 4, fullIntensity: 65535 },
  7: { bytes: 4, fullIntensity: 255 },
  8: { bytes: 8, fullIntensity: 255 },
};

/**
 * Reads a PointCloud2 of any field layout, datatypes, byte order and row padding, organised or not.
 * A message whose claims do not fit its bytes is refused before anything is allocated for it.
 */
export async function readPointCloud(
  message: PointCloud2,
  options: ReadPointCloudOptions = {},
): Promise<PointCloudOutcome> {
  const reason = layoutProblem(message);
  if (reason !== undefined) return { kind: 'invalid', reason };

  const fields = new Map(message.fields.map((field) => [field.name, field]));
  const intensityField = fields.get('intensity') ?? fields.get('reflectivity');
  const capacity = message.width * message.height;
  const cloud: PointCloud = {
    length: capacity,
    x: await readColumn(message, fields.get('x')!),
    y: await readColumn(message, fields.get('y')!),
    z: await readColumn(message, fields.get('z')!),
    intensity: intensityField ? await readColumn(message, intensityField) : new Float32Array(capacity),
  };
  if (intensityField !== undefined) {
    const full = options.intensityFullScale ?? datatypes[intensityField.datatype]!.fullIntensity;
    scaleIntensity(cloud.intensity, 255 / full);
  }
  dropNotFinite(cloud);
  return { kind: 'cloud', cloud };
}

function layoutProblem(message: PointCloud2): string | undefined {
  const { width, height, point_step: pointStep, row_step: rowStep, data } = message;
  const points = width * height;
  const expected = (what: string, value: string, received: string) =>
    `Expected ${what} ${value} for the point cloud but received ${received}`;
  if (points > MAX_POINTS) return expected('width * height', `of at most ${MAX_POINTS}`, `${width} x ${height}`);
  for (const name of ['x', 'y', 'z']) {
    if (message.fields.some((field) => field.name === name)) continue;
    return expected(
      'a field',
      `'${name}'`,
      `fields ${message.fields.map((field) => field.name).join(', ') || '(none)'}`,
    );
  }
  for (const field of message.fields) {
    const datatype = datatypes[field.datatype];
    if (datatype === undefined) return expected(`field '${field.name}'`, 'with datatype 1..8', `${field.datatype}`);
    // A count of 0 is written by some drivers for 1.
    const end = field.offset + datatype.bytes * Math.max(1, field.count);
    if (end > pointStep) {
      return expected(`field '${field.name}'`, `within point_step ${pointStep}`, `bytes ${field.offset} to ${end}`);
    }
  }
  if (points === 0) return undefined;
  if (height > 1 && rowStep < pointStep * width) {
    return expected('row_step', `of at least point_step * width = ${pointStep * width}`, `${rowStep}`);
  }
  // The last row need not be padded, and a single row's row_step is never used.
  const needed = (height - 1) * rowStep + width * pointStep;
  if (data.length < needed) return expected('data', `of at least ${needed} bytes`, `${data.length}`);
  return undefined;
}

/** Reads one field of all points; `layoutProblem` has checked that they lie within the data. */
async function readColumn(message: PointCloud2, { offset, datatype }: PointField): Promise<Float32Array> {
  const { width, height, point_step: pointStep, row_step: rowStep, data } = message;
  const column = new Float32Array(width * height);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const littleEndian = !message.is_bigendian;
  await inSlices(column.length, VALUES_PER_SLICE, (from, to) => {
    for (let i = from, row = Math.floor(from / width); i < to; row++) {
      const firstOfRow = row * width;
      const end = Math.min(to, firstOfRow + width);
      for (let at = row * rowStep + (i - firstOfRow) * pointStep + offset; i < end; i++, at += pointStep) {
        column[i] = readValue(view, at, datatype, littleEndian);
      }
    }
  });
  return column;
}

function readValue(view: DataView, offset: number, datatype: number, littleEndian: boolean): number {
  switch (datatype) {
    case 1:
      return view.getInt8(offset);
    case 2:
      return view.getUint8(offset);
    case 3:
      return view.getInt16(offset, littleEndian);
    case 4:
      return view.getUint16(offset, littleEndian);
    case 5:
      return view.getInt32(offset, littleEndian);
    case 6:
      return view.getUint32(offset, littleEndian);
    case 7:
      return view.getFloat32(offset, littleEndian);
    default:
      return view.getFloat64(offset, littleEndian);
  }
}

/** Brings intensities to 0..255; what is not a number counts as dark. */
function scaleIntensity(intensity: Float32Array, scale: number): void {
  for (let i = 0; i < intensity.length; i++) {
    const value = intensity[i]! * scale;
    intensity[i] = value > 0 ? Math.min(255, value) : 0;
  }
}

/** Moves the points with three finite coordinates to the front. */
function dropNotFinite(cloud: PointCloud): void {
  const { x, y, z, intensity } = cloud;
  let kept = 0;
  for (let i = 0; i < cloud.length; i++) {
    // Floats added as doubles cannot overflow: the sum is finite exactly if each coordinate is.
    if (!Number.isFinite(x[i]! + y[i]! + z[i]!)) continue;
    if (kept !== i) {
      x[kept] = x[i]!;
      y[kept] = y[i]!;
      z[kept] = z[i]!;
      intensity[kept] = intensity[i]!;
    }
    kept++;
  }
  cloud.length = kept;
}
