import { encodeMessage, type Header, type PointCloud2, type RawMessage } from '../messages/index.js';
import { tryDecode } from './reencode.js';

/** livox_ros_driver2/msg/CustomMsg and its predecessors. */
interface CustomMsg {
  header: Header;
  points: CustomPoint[];
}

interface CustomPoint {
  offset_time: number;
  x: number;
  y: number;
  z: number;
  reflectivity: number;
  tag: number;
  line: number;
}

/** As the message has them: one after another, as CDR lays a point out. */
const FIELDS = [
  { name: 'offset_time', offset: 0, datatype: 6, count: 1 },
  { name: 'x', offset: 4, datatype: 7, count: 1 },
  { name: 'y', offset: 8, datatype: 7, count: 1 },
  { name: 'z', offset: 12, datatype: 7, count: 1 },
  { name: 'reflectivity', offset: 16, datatype: 2, count: 1 },
  { name: 'tag', offset: 17, datatype: 2, count: 1 },
  { name: 'line', offset: 18, datatype: 2, count: 1 },
] as const;
const POINT_STEP = 20;

/** A CustomMsg as the cloud it means, so that what changes clouds changes it too; undefined where it is broken. */
export function cloudFromLivox(raw: RawMessage): PointCloud2 | undefined {
  const message = tryDecode<CustomMsg>(raw);
  if (message === undefined) return undefined;
  const { header, points } = message;
  const data = new Uint8Array(POINT_STEP * points.length);
  const view = new DataView(data.buffer);
  for (const [i, point] of points.entries()) {
    const at = i * POINT_STEP;
    view.setUint32(at, point.offset_time, true);
    view.setFloat32(at + 4, point.x, true);
    view.setFloat32(at + 8, point.y, true);
    view.setFloat32(at + 12, point.z, true);
    view.setUint8(at + 16, point.reflectivity);
    view.setUint8(at + 17, point.tag);
    view.setUint8(at + 18, point.line);
  }
  return {
    header,
    height: 1,
    width: points.length,
    fields: FIELDS.map((field) => ({ ...field })),
    is_bigendian: false,
    point_step: POINT_STEP,
    row_step: data.length,
    data,
    is_dense: true,
  };
}

/** The message with the points of a cloud that came from it. */
export function livoxFromCloud({ schema: _, ...raw }: RawMessage, cloud: PointCloud2): RawMessage {
  const message = tryDecode<CustomMsg>(raw);
  const view = new DataView(cloud.data.buffer, cloud.data.byteOffset, cloud.data.byteLength);
  const points = Array.from({ length: cloud.width }, (_, i): CustomPoint => {
    const at = i * cloud.point_step;
    return {
      offset_time: view.getUint32(at, true),
      x: view.getFloat32(at + 4, true),
      y: view.getFloat32(at + 8, true),
      z: view.getFloat32(at + 12, true),
      reflectivity: view.getUint8(at + 16),
      tag: view.getUint8(at + 17),
      line: view.getUint8(at + 18),
    };
  });
  return { ...raw, data: encodeMessage(raw.type, { ...message, point_num: points.length, points }) };
}
