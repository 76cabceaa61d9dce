import type { Header, PointCloud2, PointField } from '../../messages/types.js';
import { inSlices } from '../in_slices.js';
import type { PointLabels } from './label_points.js';
import type { PointCloud } from './point_cloud.js';
import { type Threads, weavePoints } from './point_memory.js';

const POINTS_PER_SLICE = 250_000;
const UINT8 = 2;
const FLOAT32 = 7;
const POINT_STEP = 24;

/**
 * `rgb` is a float32 whose bytes are 0x00RRGGBB, as PCL and RViz read it. The last two bytes of a point are unused, so
 * that floats stay aligned.
 */
const FIELDS: readonly PointField[] = [
  { name: 'x', offset: 0, datatype: FLOAT32, count: 1 },
  { name: 'y', offset: 4, datatype: FLOAT32, count: 1 },
  { name: 'z', offset: 8, datatype: FLOAT32, count: 1 },
  { name: 'intensity', offset: 12, datatype: FLOAT32, count: 1 },
  { name: 'rgb', offset: 16, datatype: FLOAT32, count: 1 },
  { name: 'label', offset: 20, datatype: UINT8, count: 1 },
  { name: 'confidence', offset: 21, datatype: UINT8, count: 1 },
];

/** Points without class are grey. */
const UNLABELED_RGB = 0x808080;

/**
 * A cloud with the class of each point as sensor_msgs/PointCloud2: x, y, z in metres and intensity as the LiDAR gave
 * them, `rgb`, `label`, and `confidence` where the model tells it.
 * @param header - the LiDAR's own
 * @param colours - RGBA of every label, 256 * 4 bytes; alpha 0 for a label that is no class
 */
export async function labelledCloud(
  header: Header,
  { x, y, z, intensity, length }: PointCloud,
  { label, confidence }: PointLabels,
  colours: Uint8Array,
): Promise<PointCloud2> {
  const data = new Uint8Array(length * POINT_STEP);
  const threads: Threads = { columns: [x, y, z, intensity], label, confidence, colours: packedColours(colours) };
  await inSlices(length, POINTS_PER_SLICE, (from, to) => weavePoints(threads, from, to, data));
  return {
    header,
    height: 1,
    width: length,
    fields: FIELDS.filter(({ name }) => name !== 'confidence' || confidence !== undefined),
    is_bigendian: false,
    point_step: POINT_STEP,
    row_step: POINT_STEP * length,
    data,
    is_dense: true,
  };
}

function packedColours(rgba: Uint8Array): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, label) => {
    const at = label * 4;
    return rgba[at + 3] === 0 ? UNLABELED_RGB : (rgba[at]! << 16) | (rgba[at + 1]! << 8) | rgba[at + 2]!;
  });
}
