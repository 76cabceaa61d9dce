import type { CameraInfo } from '../../messages/types.js';
import type { ImageGeometry } from './camera_model.js';

/**
 * Coefficient counts each model may come with; none at all means an ideal lens. plumb_bob's k3 is often left out.
 * plumb_bob and rational_polynomial are one model of OpenCV's, which tells by the count how much of it is meant
 * (image_geometry hands both over alike): 12 add the thin prism, 14 the tilted sensor.
 */
const POLYNOMIAL: readonly number[] = [0, 4, 5, 8, 12, 14];
const COEFFICIENTS: ReadonlyMap<string, readonly number[]> = new Map([
  ['plumb_bob', POLYNOMIAL],
  ['rational_polynomial', POLYNOMIAL],
  ['equidistant', [0, 4]],
]);
/** Other names of the same models, as Kalibr and some drivers write them. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['radtan', 'plumb_bob'],
  ['fisheye', 'equidistant'],
  ['equi', 'equidistant'],
  ['kannala_brandt', 'equidistant'],
  ['kannala_brandt4', 'equidistant'],
]);
/** A sensor tilted by more than this is no camera's. Radians. */
const MAX_TILT = 0.5;

const MAX_SIDE = 65_535;

/** Says in one sentence why a CameraInfo cannot be used; undefined for a good one. */
export function checkCameraInfo(info: CameraInfo, geometry: ImageGeometry): string | undefined {
  const { width, height, k, d, r, p, roi } = info;
  if (!(width >= 1 && width <= MAX_SIDE && height >= 1 && height <= MAX_SIDE)) {
    return `Expected a CameraInfo of 1 to ${MAX_SIDE} pixels a side but received ${width}x${height}: set width and height`;
  }
  if (geometry === 'rectified') {
    if (p.length !== 12 || !allFinite(p)) return expectedNumbers('12 finite numbers', 'p', p);
    if (!(p[0]! > 0 && p[5]! > 0)) return uncalibrated('p[0], p[5]', p[0]!, p[5]!);
    if (!isCredible(p[0]!, p[5]!, p[2]!, p[6]!)) return incredible('p', p);
  } else {
    if (k.length !== 9 || !allFinite(k)) return expectedNumbers('9 finite numbers', 'k', k);
    if (!(k[0]! > 0 && k[4]! > 0)) return uncalibrated('k[0], k[4]', k[0]!, k[4]!);
    if (!isCredible(k[0]!, k[4]!, k[2]!, k[5]!)) return incredible('k', k);
    const problem = checkDistortion(info.distortion_model, d);
    if (problem !== undefined) return problem;
    if (r.length !== 9 || !allFinite(r)) return expectedNumbers('9 finite numbers', 'r', r);
    if (!isRotationOrUnset(r)) return expectedNumbers('a rotation matrix', 'r', r);
  }
  const { x_offset, y_offset } = roi;
  if (x_offset + roi.width > width || y_offset + roi.height > height) {
    return (
      `Expected a CameraInfo.roi inside ${width}x${height} but received ` +
      `${roi.width}x${roi.height} at ${x_offset},${y_offset}: width and height are those of the full sensor`
    );
  }
  const [rowPixels, columnPixels] = roi.width === 0 || roi.height === 0 ? [width, height] : [roi.width, roi.height];
  if (info.binning_x > rowPixels || info.binning_y > columnPixels) {
    return `Expected a CameraInfo.binning of a few pixels but received ${Math.max(info.binning_x, info.binning_y)}`;
  }
  return undefined;
}

/** The model's own name where a driver writes another one. */
export function distortionModelName(model: string): string {
  return OTHER_NAMES.get(model) ?? model;
}

function checkDistortion(name: string, d: ArrayLike<number>): string | undefined {
  if (!allFinite(d)) return expectedNumbers('finite numbers', 'd', d);
  const model = distortionModelName(name);
  const isIdeal = Array.from(d).every((coefficient) => coefficient === 0);
  // Simulators and drivers of ideal cameras leave the name empty.
  if (model === '' && isIdeal) return undefined;
  const counts = COEFFICIENTS.get(model);
  if (counts === undefined) {
    const known = [...COEFFICIENTS.keys()].join(', ');
    return `Expected one of ${known} for CameraInfo.distortion_model but received '${name}'`;
  }
  const most = counts.at(-1)!;
  // Drivers fill the array up with zeros, which change nothing: only what follows the longest form must be 0.
  const isFilledUp =
    d.length > most &&
    Array.from(d)
      .slice(most)
      .every((coefficient) => coefficient === 0);
  if (!counts.includes(d.length) && !isFilledUp && !(isIdeal && model !== 'equidistant')) {
    return `Expected ${counts.join(' or ')} coefficients in CameraInfo.d for ${model} but received ${d.length}`;
  }
  const tilt = Math.max(Math.abs(d[12] ?? 0), Math.abs(d[13] ?? 0));
  if (model !== 'equidistant' && tilt > MAX_TILT) {
    return `Expected a tilt of at most ${MAX_TILT} rad in CameraInfo d[12], d[13] but received ${d[12]}, ${d[13]}`;
  }
  return undefined;
}

/** Numbers so small or large that rays overflow are no lens, but damage: in pixels. */
const LEAST_FOCAL = 1e-3;
const MOST_PIXELS = 1e7;

function isCredible(fx: number, fy: number, cx: number, cy: number): boolean {
  return Math.min(fx, fy) >= LEAST_FOCAL && Math.max(fx, fy, Math.abs(cx), Math.abs(cy)) <= MOST_PIXELS;
}

function incredible(field: string, values: ArrayLike<number>): string {
  return expectedNumbers(
    `focal lengths of ${LEAST_FOCAL} to ${MOST_PIXELS} pixels and a centre within as many`,
    field,
    values,
  );
}

function allFinite(values: ArrayLike<number>): boolean {
  return Array.from(values).every(Number.isFinite);
}

function isRotationOrUnset(r: ArrayLike<number>): boolean {
  if (Array.from(r).every((value) => value === 0)) return true;
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      const dot = r[3 * i]! * r[3 * j]! + r[3 * i + 1]! * r[3 * j + 1]! + r[3 * i + 2]! * r[3 * j + 2]!;
      if (Math.abs(dot - (i === j ? 1 : 0)) > 1e-3) return false;
    }
  }
  return true;
}

/** As many numbers as the longest field has are shown. */
const SHOWN = 16;

function expectedNumbers(what: string, field: string, values: ArrayLike<number>): string {
  const shown = Array.from({ length: Math.min(SHOWN, values.length) }, (_, i) => values[i]).join(', ');
  const more = values.length > SHOWN ? `, ... ${values.length} numbers` : '';
  return `Expected ${what} for CameraInfo.${field} but received [${shown}${more}]`;
}

function uncalibrated(fields: string, fx: number, fy: number): string {
  return `Expected focal lengths above 0 in CameraInfo ${fields} but received ${fx}, ${fy}: calibrate the camera`;
}
