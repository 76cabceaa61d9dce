import type { PointCloud2, PointField } from '../../messages/types.js';
import { inSlices } from '../in_slices.js';
import { cloudLayout } from './cloud_layout.js';
import {
  dropPointsWithoutReturn,
  type IntensityField,
  type PointCloud,
  type PointCloudOutcome,
  type ReadPointCloudOptions,
  scaleIntensity,
} from './point_cloud.js';
import { pointTimes, TIME_FIELDS } from './point_times.js';

const VALUES_PER_SLICE = 150_000;

/**
 * Fields that tell how strongly a point reflects, the best first: a `reflectivity` is calibrated by the sensor, while
 * an Ouster's `intensity` and `signal` are photon counts that fall with the distance.
 */
const INTENSITY_FIELDS = ['reflectivity', 'intensity', 'reflectance', 'remission', 'intensities', 'signal', 'i'];

/**
 * Reads a PointCloud2 of any field layout, datatypes, byte order and row padding, organised or not.
 * A message whose claims do not fit its bytes is refused before anything is allocated for it.
 */
export async function readPointCloud(
  message: PointCloud2,
  options: ReadPointCloudOptions = {},
): Promise<PointCloudOutcome> {
  const layout = cloudLayout(message);
  if (layout.kind === 'invalid') return layout;
  const { rowStep } = layout;

  const fields = new Map(message.fields.map((field) => [field.name, field]));
  const intensityField = INTENSITY_FIELDS.map((name) => fields.get(name)).find((field) => field !== undefined);
  const capacity = message.width * message.height;
  const column = async (field: PointField) => {
    const values = new Float32Array(capacity);
    await readColumn(message, rowStep, field, values);
    return values;
  };
  const cloud: PointCloud = {
    length: capacity,
    x: await column(fields.get('x')!),
    y: await column(fields.get('y')!),
    z: await column(fields.get('z')!),
    intensity: intensityField ? await column(intensityField) : new Float32Array(capacity),
  };
  if (intensityField !== undefined) {
    const { name, datatype } = intensityField;
    const passedOver = INTENSITY_FIELDS.find((other) => other !== name && fields.has(other));
    const field = { name, datatype, passedOver };
    options.onIntensityField?.(field);
    const { intensityFullScale = usualFullScale(field) } = options;
    if (intensityFullScale !== 'as-is') {
      const isGiven = typeof intensityFullScale === 'number';
      await scaleIntensity(cloud.intensity, isGiven ? intensityFullScale : intensityFullScale(cloud, field));
    }
  }
  const timeField = TIME_FIELDS.map((name) => fields.get(name)).find((field) => field !== undefined);
  if (timeField !== undefined && options.timesAfter !== undefined) {
    const values = new Float64Array(capacity);
    await readColumn(message, rowStep, timeField, values);
    const time = pointTimes(values, options.timesAfter, timeField.datatype < 7 ? 'integer' : 'real');
    if (time !== undefined) cloud.time = time;
  }
  await dropPointsWithoutReturn(cloud);
  return { kind: 'cloud', cloud };
}

function usualFullScale({ datatype }: IntensityField): number {
  return datatype >= 3 && datatype <= 6 ? 65535 : 255;
}

/** Reads one field of all points; `cloudLayout` has checked that they lie within the data. */
async function readColumn(
  message: PointCloud2,
  rowStep: number,
  { offset, datatype }: PointField,
  column: Float32Array | Float64Array,
): Promise<void> {
  const { width, point_step: pointStep, data } = message;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const littleEndian = !message.is_bigendian;
  const readRun = RUN_READERS[datatype - 1]!;
  await inSlices(column.length, VALUES_PER_SLICE, (from, to) => {
    for (let i = from, row = Math.floor(from / width); i < to; row++) {
      const firstOfRow = row * width;
      const end = Math.min(to, firstOfRow + width);
      readRun(view, row * rowStep + (i - firstOfRow) * pointStep + offset, pointStep, littleEndian, column, i, end);
      i = end;
    }
  });
}

/** Reads the values `from` up to `to` of a column, which lie `step` bytes apart from `at` on. */
type RunReader = (
  view: DataView,
  at: number,
  step: number,
  littleEndian: boolean,
  column: Float32Array | Float64Array,
  from: number,
  to: number,
) => void;

/**
 * A loop of its own for each datatype, in the order of their numbers: with the choice inside, a cloud takes half as
 * long again (`npm run bench -- lidar`).
 */
const RUN_READERS: readonly RunReader[] = [
  (view, at, step, _, column, from, to) => {
    for (let i = from, byte = at; i < to; i++, byte += step) column[i] = view.getInt8(byte);
  },
  (view, at, step, _, column, from, to) => {
    for (let i = from, byte = at; i < to; i++, byte += step) column[i] = view.getUint8(byte);
  },
  (view, at, step, littleEndian, column, from, to) => {
    for (let i = from, byte = at; i < to; i++, byte += step) column[i] = view.getInt16(byte, littleEndian);
  },
  (view, at, step, littleEndian, column, from, to) => {
    for (let i = from, byte = at; i < to; i++, byte += step) column[i] = view.getUint16(byte, littleEndian);
  },
  (view, at, step, littleEndian, column, from, to) => {
    for (let i = from, byte = at; i < to; i++, byte += step) column[i] = view.getInt32(byte, littleEndian);
  },
  (view, at, step, littleEndian, column, from, to) => {
    for (let i = from, byte = at; i < to; i++, byte += step) column[i] = view.getUint32(byte, littleEndian);
  },
  (view, at, step, littleEndian, column, from, to) => {
    for (let i = from, byte = at; i < to; i++, byte += step) column[i] = view.getFloat32(byte, littleEndian);
  },
  (view, at, step, littleEndian, column, from, to) => {
    for (let i = from, byte = at; i < to; i++, byte += step) column[i] = view.getFloat64(byte, littleEndian);
  },
];
