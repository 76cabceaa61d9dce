import type { PointCloud2, PointField, RawMessage } from '../messages/index.js';
import { cloudLayout, livoxTypes } from '../sensors/lidar/index.js';
import type { FaultParts, StreamFault } from './fault.js';
import { cloudFromLivox, livoxFromCloud } from './livox.js';
import { reencoded, tryDecode } from './reencode.js';

const FLOAT32 = 7;
const FLOAT64 = 8;

/** Changes a cloud; undefined where it stays as it is. */
type CloudEdit = (cloud: PointCloud2) => PointCloud2 | undefined;

/** The sensor turns and sees nothing: clouds without points. */
export function createEmptyCloud(): StreamFault {
  return cloudFault((cloud) => ({ ...cloud, height: 1, width: 0, row_step: 0, data: new Uint8Array(0) }));
}

/** Each point moves along its beam: its distance is multiplied by 1 + `level` · N(0, 1). */
export function createRangeNoise({ level }: { level: number }, { random }: FaultParts): StreamFault {
  return cloudFault((cloud) => {
    const data = cloud.data.slice();
    eachPoint(cloud, data, (point) => {
      const factor = 1 + level * random.gaussian();
      for (const axis of [0, 1, 2] as const) point.set(axis, point.get(axis) * factor);
    });
    return { ...cloud, data };
  });
}

/**
 * No returns from a sector, as behind dirt or a mounting part. Clouds with rows keep their shape and get NaN there;
 * others get shorter.
 * @param sector - azimuths in the cloud's own frame, degrees from its x axis, counter-clockwise from..to
 */
export function createSectorLoss(sector: { fromDegrees: number; toDegrees: number }): StreamFault {
  const span = wrapped(sector.toDegrees - sector.fromDegrees) || 360;
  const isLost = (x: number, y: number) => wrapped((Math.atan2(y, x) * 180) / Math.PI - sector.fromDegrees) < span;
  return cloudFault((cloud) => {
    const data = cloud.data.slice();
    if (cloud.height > 1) {
      eachPoint(cloud, data, (point) => {
        if (!isLost(point.get(0), point.get(1))) return;
        for (const axis of [0, 1, 2] as const) point.set(axis, Number.NaN);
      });
      return { ...cloud, data, is_dense: false };
    }
    let kept = 0;
    eachPoint(cloud, data, (point, at) => {
      if (isLost(point.get(0), point.get(1))) return;
      data.copyWithin(kept * cloud.point_step, at, at + cloud.point_step);
      kept++;
    });
    const bytes = kept * cloud.point_step;
    return { ...cloud, width: kept, row_step: bytes, data: data.subarray(0, bytes) };
  });
}

/** The whole cloud is turned about an axis of its own frame, right-handed: what a knocked mount does, of which TF knows nothing. */
export function createTurnedMount({ degrees, about }: { degrees: number; about: 'x' | 'y' | 'z' }): StreamFault {
  const radians = (degrees * Math.PI) / 180;
  const [sin, cos] = [Math.sin(radians), Math.cos(radians)];
  // The two axes in the plane of the turn, in the order the right hand has them.
  const [first, second] = ({ x: [1, 2], y: [2, 0], z: [0, 1] } as const)[about];
  return cloudFault((cloud) => {
    const data = cloud.data.slice();
    eachPoint(cloud, data, (point) => {
      const [a, b] = [point.get(first), point.get(second)];
      point.set(first, a * cos - b * sin);
      point.set(second, a * sin + b * cos);
    });
    return { ...cloud, data };
  });
}

function cloudFault(edit: CloudEdit): StreamFault {
  return {
    apply(raw: RawMessage) {
      const isLivox = livoxTypes.includes(raw.type);
      const cloud = isLivox ? cloudFromLivox(raw) : tryDecode<PointCloud2>(raw);
      // Clouds that cannot be read are broken already.
      const layout = cloud && cloudLayout(cloud);
      if (cloud === undefined || layout?.kind !== 'layout') return raw;
      const edited = edit({ ...cloud, row_step: layout.rowStep });
      if (edited === undefined) return raw;
      return isLivox ? livoxFromCloud(raw, edited) : reencoded(raw, edited);
    },
  };
}

/** Coordinates of one point; one object for all of them. */
interface PointView {
  get(axis: 0 | 1 | 2): number;
  set(axis: 0 | 1 | 2, value: number): void;
}

/** Visits all points whose coordinates are floats; `at` is the byte a point starts at. */
function eachPoint(cloud: PointCloud2, data: Uint8Array, visit: (point: PointView, at: number) => void): void {
  const axes = ['x', 'y', 'z'].map((name) => cloud.fields.find((field) => field.name === name)!);
  if (axes.some(({ datatype }) => datatype !== FLOAT32 && datatype !== FLOAT64)) return;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const littleEndian = !cloud.is_bigendian;
  let at = 0;
  const isDouble = (field: PointField) => field.datatype === FLOAT64;
  const point: PointView = {
    get(axis) {
      const field = axes[axis]!;
      const offset = at + field.offset;
      return isDouble(field) ? view.getFloat64(offset, littleEndian) : view.getFloat32(offset, littleEndian);
    },
    set(axis, value) {
      const field = axes[axis]!;
      const offset = at + field.offset;
      if (isDouble(field)) view.setFloat64(offset, value, littleEndian);
      else view.setFloat32(offset, value, littleEndian);
    },
  };
  for (let row = 0; row < cloud.height; row++) {
    at = row * cloud.row_step;
    for (let i = 0; i < cloud.width; i++, at += cloud.point_step) visit(point, at);
  }
}

/** Degrees in [0, 360). */
function wrapped(degrees: number): number {
  return ((degrees % 360) + 360) % 360;
}
