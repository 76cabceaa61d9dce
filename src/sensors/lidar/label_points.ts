import type { CameraModel, NineNumbers, RigidTransform } from '../calibration/index.js';
import { inSlices } from '../in_slices.js';
import type { ImageSize } from '../modality_image.js';
import { type NearestNeighbours, nearestAboveAndBelow } from './nearest_neighbours.js';
import type { PointCloud } from './point_cloud.js';

/** A mask on the grid. */
export interface GridMask extends ImageSize {
  /** height * width class ids, row-major. */
  labels: Uint8Array;
  /** height * width, 255 = certain; absent where the model does not tell. */
  confidence?: Uint8Array;
}

/** The class of each point of a cloud. */
export interface PointLabels {
  /** Class id; `unlabeled` for a point outside the picture or hidden from the camera. */
  label: Uint8Array;
  /** 255 = certain; 0 for a point without class; absent where the mask has none. */
  confidence?: Uint8Array;
  /** Points in the camera's view, hidden ones included. */
  inView: number;
  /** Points in view that lie behind what the camera sees. */
  hidden: number;
}

const POINTS_PER_SLICE = 60_000;
/** The depth buffer has so many columns at most: a finer one has holes between the points of a LiDAR. */
const MOST_COLUMNS = 320;
/** A point is hidden by what is nearer by this share and these metres: less is noise, or the slope of a surface. */
const NEARER_SHARE = 0.1;
const NEARER_METRES = 0.5;
/** How far above and below a point nearer ones are looked for, radians: the rings of a 16-beam LiDAR are 2° apart. */
const RING_SPACING = (2 * Math.PI) / 180;

/**
 * Gives each point the class of the grid pixel it appears in. LiDAR and camera look from two places, so that the LiDAR
 * sees parts of the scene that are hidden from the camera: such a point would get the class of what is before it. It is
 * taken as hidden where clearly nearer points lie both above and below it, in its own column of the picture or the next:
 * nearer points on one side alone are the ground before it, or the edge of an object.
 * @param lidarToCamera - takes points from the cloud's frame to the camera's optical frame
 * @param unlabeled - label of points without class
 */
export async function labelPoints(
  cloud: PointCloud,
  grid: CameraModel,
  lidarToCamera: RigidTransform,
  mask: GridMask,
  unlabeled: number,
): Promise<PointLabels> {
  const cells = depthCells(grid);
  const view: View = {
    length: 0,
    point: new Int32Array(cloud.length),
    pixel: new Int32Array(cloud.length),
    cell: new Int32Array(cloud.length),
    depth: new Float32Array(cloud.length),
    nearest: new Float32Array(cells.width * cells.height).fill(Number.POSITIVE_INFINITY),
  };
  const projection = { grid, lidarToCamera, widest: widestSlope(grid), cells };
  await inSlices(cloud.length, POINTS_PER_SLICE, (from, to) => project(cloud, from, to, projection, view));
  const reach = Math.max(2, Math.ceil((grid.fy * RING_SPACING) / cells.step));
  const neighbours = nearestAboveAndBelow(view.nearest, cells, reach);
  const labels: PointLabels = {
    label: new Uint8Array(cloud.length).fill(unlabeled),
    ...(mask.confidence && { confidence: new Uint8Array(cloud.length) }),
    inView: view.length,
    hidden: 0,
  };
  await inSlices(view.length, POINTS_PER_SLICE, (from, to) => {
    labels.hidden += classify(view, from, to, neighbours, mask, labels);
  });
  return labels;
}

/** The depth buffer's cells, of `step` by `step` grid pixels. */
interface DepthCells extends ImageSize {
  step: number;
  /** For each column of the grid the cell's column, and for each row the index of the first cell in its row. */
  ofColumn: Int32Array;
  ofRow: Int32Array;
}

function depthCells(grid: ImageSize): DepthCells {
  const step = Math.max(1, Math.ceil(grid.width / MOST_COLUMNS));
  const width = Math.ceil(grid.width / step);
  return {
    step,
    width,
    height: Math.ceil(grid.height / step),
    ofColumn: Int32Array.from({ length: grid.width }, (_, column) => Math.floor(column / step)),
    ofRow: Int32Array.from({ length: grid.height }, (_, row) => Math.floor(row / step) * width),
  };
}

/** The points of a cloud that are in the picture. */
interface View {
  length: number;
  /** Index in the cloud, grid pixel, cell of the depth buffer, and metres along the optical axis of each. */
  point: Int32Array;
  pixel: Int32Array;
  cell: Int32Array;
  depth: Float32Array;
  /** By cell of the depth buffer, the least depth of its points. */
  nearest: Float32Array;
}

interface Projection {
  grid: CameraModel;
  lidarToCamera: RigidTransform;
  /** No point further aside than this many metres a metre ahead is in the picture. */
  widest: number;
  cells: DepthCells;
}

/** Notes which of the points `from` up to `to` are in the picture, and where. */
function project(
  { x: xs, y: ys, z: zs }: PointCloud,
  from: number,
  to: number,
  { grid, lidarToCamera: { rotation, translation }, widest, cells: { ofColumn, ofRow } }: Projection,
  view: View,
): void {
  const { width, height } = grid;
  const { point, pixel, cell, depth, nearest } = view;
  const place = new Float64Array(2);
  const [r00, r01, r02, r10, r11, r12, r20, r21, r22] = Array.from(rotation) as NineNumbers;
  const [tx, ty, tz] = Array.from(translation) as [number, number, number];
  let k = view.length;
  for (let i = from; i < to; i++) {
    const x = xs[i]!;
    const y = ys[i]!;
    const z = zs[i]!;
    const ahead = r20 * x + r21 * y + r22 * z + tz;
    if (!(ahead > 0)) continue;
    const aside = r00 * x + r01 * y + r02 * z + tx;
    if (aside > widest * ahead || aside < -widest * ahead) continue;
    if (!grid.project(aside, r10 * x + r11 * y + r12 * z + ty, ahead, place)) continue;
    const column = Math.floor(place[0]! + 0.5);
    const row = Math.floor(place[1]! + 0.5);
    if (column < 0 || column >= width || row < 0 || row >= height) continue;
    const inCell = ofRow[row]! + ofColumn[column]!;
    point[k] = i;
    pixel[k] = row * width + column;
    cell[k] = inCell;
    depth[k] = ahead;
    k++;
    if (ahead < nearest[inCell]!) nearest[inCell] = ahead;
  }
  view.length = k;
}

/**
 * Gives the points `from` up to `to` of those in the picture the class of their pixel, unless they are hidden.
 * @returns how many are
 */
function classify(
  { point, pixel, cell, depth }: View,
  from: number,
  to: number,
  { least, toBelow }: NearestNeighbours,
  mask: GridMask,
  { label, confidence }: PointLabels,
): number {
  const { labels } = mask;
  let hidden = 0;
  for (let k = from; k < to; k++) {
    const above = cell[k]!;
    const limit = depth[k]! * (1 - NEARER_SHARE) - NEARER_METRES;
    if (least[above]! < limit && least[above + toBelow]! < limit) {
      hidden++;
      continue;
    }
    const i = point[k]!;
    label[i] = labels[pixel[k]!]!;
    if (confidence !== undefined) confidence[i] = mask.confidence![pixel[k]!]!;
  }
  return hidden;
}

/** How far aside, a metre ahead, the outermost rays of the picture lead, and a little more; infinite where not known. */
function widestSlope(grid: CameraModel): number {
  // The lens of a second eye, or one that is turned, is not where its frame is.
  if (grid.centre[0] !== 0) return Number.POSITIVE_INFINITY;
  const ray = new Float64Array(3);
  let widest = 0;
  for (const column of [-0.5, grid.width - 0.5]) {
    for (let part = 0; part <= BORDER_RAYS; part++) {
      if (!grid.unproject(column, (part / BORDER_RAYS) * grid.height - 0.5, ray)) return Number.POSITIVE_INFINITY;
      widest = Math.max(widest, Math.abs(ray[0]!));
    }
  }
  return widest * 1.05;
}

/** So many rays along each side of the picture tell how wide it is. */
const BORDER_RAYS = 8;
