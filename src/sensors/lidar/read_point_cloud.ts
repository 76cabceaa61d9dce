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
import { gatherColumns, WIDEST_POINT } from './point_memory.js';
import { pointTimes, TIME_FIELDS } from './point_times.js';

const VALUES_PER_SLICE = 400_000;
const FLOAT32 = 7;

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
  const cloud: PointCloud = {
    length: capacity,
    x: new Float32Array(capacity),
    y: new Float32Array(capacity),
    z: new Float32Array(capacity),
    intensity: new Float32Array(capacity),
  };
  const columns: Column[] = [
    { field: fields.get('x')!, values: cloud.x },
    { field: fields.get('y')!, values: cloud.y },
    { field: fields.get('z')!, values: cloud.z },
    ...(intensityField ? [{ field: intensityField, values: cloud.intensity }] : []),
  ];
  await readColumns(message, rowStep, columns);
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
    await readColumns(message, rowStep, [{ field: timeField, values }]);
    const time = pointTimes(values, options.timesAfter, timeField.datatype < 7 ? 'integer' : 'real');
    if (time !== undefined) cloud.time = time;
  }
  await dropPointsWithoutReturn(cloud);
  return { kind: 'cloud', cloud };
}

function usualFullScale({ datatype }: IntensityField): number {
  return datatype >= 3 && datatype <= 6 ? 65535 : 255;
}

/** A field of the points, and where its values go. */
interface Column {
  field: PointField;
  values: Float32Array | Float64Array;
}

/** Reads fields of all points, a slice of points at a time; `cloudLayout` has checked that they lie within the data. */
async function readColumns(message: PointCloud2, rowStep: number, columns: readonly Column[]): Promise<void> {
  const { width, height, point_step: pointStep, data } = message;
  const count = width * height;
  const perSlice = Math.ceil(VALUES_PER_SLICE / columns.length);
  // Rows without padding are one long row.
  const rowPoints = rowStep === pointStep * width ? count : width;
  const isUsual = rowPoints === count && !message.is_bigendian && pointStep <= WIDEST_POINT;
  if (isUsual && columns.every(isFloatColumn)) {
    const floats = columns.map(({ field: { offset }, values }) => ({ offset, values }));
    return inSlices(count, perSlice, (from, to) => gatherColumns(data, from * pointStep, pointStep, floats, from, to));
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const littleEndian = !message.is_bigendian;
  await inSlices(count, perSlice, (from, to) => {
    for (let i = from, row = Math.floor(from / rowPoints); i < to; row++) {
      const firstOfRow = row * rowPoints;
      const end = Math.min(to, firstOfRow + rowPoints);
      const at = row * rowStep + (i - firstOfRow) * pointStep;
      for (const { field, values } of columns) {
        RUN_READERS[field.datatype - 1]!(view, at + field.offset, pointStep, littleEndian, values, i, end);
      }
      i = end;
    }
  });
}

function isFloatColumn(column: Column): column is { field: PointField; values: Float32Array } {
  return column.field.datatype === FLOAT32 && column.values instanceof Float32Array;
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
