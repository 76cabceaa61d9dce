import type { ImageSize } from './modality_image.js';

/**
 * What the rig found out about a sensor by itself and works by from then on: nothing is wrong, but whoever reads a mask
 * should know. Each is told once.
 */
export type SensorNotice =
  | {
      code: 'scale-found';
      modality: string;
      /** What the scale belongs to; the option of the same meaning sets it by hand. */
      quantity: 'intensity' | 'depth' | 'bit-depth';
      /** In the unit of that option: full scale of the field, metres a unit, bits. */
      value: number;
      /** What the values were that say so. */
      because: string;
    }
  | { code: 'field-chosen'; modality: string; field: string; insteadOf: string; because: string }
  | { code: 'looked-ahead'; modality: undefined; topic: string; transforms: number }
  | {
      code: 'motion-not-compensated';
      modality: string;
      /** How far its stamps lie from the camera's, at most so far. */
      offsetMs: number;
      /** How far a point at 10 m may lie beside its place for each m/s of the vehicle, in grid pixels. */
      pixelsPerMetrePerSecond: number;
    }
  /** The pictures have other proportions than those that the model's letterbox or crop was made for. */
  | { code: 'other-proportions'; modality: string; picture: ImageSize; grid: ImageSize }
  /** A fixed frame is set, but where the vehicle was in it is not known. */
  | { code: 'motion-unknown'; modality: string; reason: string }
  | {
      code: 'not-as-trained';
      modality: string;
      channel: number;
      mean: number;
      trainedMean: number;
      trainedStd: number;
    };

/** Names of the options that set a scale by hand, as parameters and configuration files spell them. */
export const SCALE_SETTINGS = {
  intensity: 'intensity_full_scale',
  depth: 'depth_scale',
  'bit-depth': 'bit_depth',
} as const;

/** One sentence for log, summary, report and diagnostics. */
export function describeSensorNotice(notice: SensorNotice): string {
  switch (notice.code) {
    case 'scale-found': {
      const setting = SCALE_SETTINGS[notice.quantity];
      const value = Number(notice.value.toPrecision(4));
      return `${notice.modality}: ${setting} ${value} is used, because ${notice.because}. Set ${setting} where that is wrong.`;
    }
    case 'field-chosen':
      return `${notice.modality}: field '${notice.field}' is used instead of '${notice.insteadOf}', because ${notice.because}.`;
    case 'looked-ahead':
      return `${notice.transforms} mounts on ${notice.topic} come late in the bag: they are used from its beginning, since a mount holds at all times.`;
    case 'motion-not-compensated': {
      const metresPerSecond = 10;
      const pixels = (notice.pixelsPerMetrePerSecond * metresPerSecond).toFixed(1);
      return (
        `${notice.modality}: its stamps lie up to ${notice.offsetMs.toFixed(0)} ms beside the camera's and the vehicle's ` +
        `motion between them is not compensated: at ${metresPerSecond} m/s a point 10 m away may lie ${pixels} pixels ` +
        `beside its place. Set fixed_frame to a frame that does not move, such as odom.`
      );
    }
    case 'other-proportions': {
      const { picture, grid } = notice;
      const stretched = Math.abs((picture.width * grid.height) / (picture.height * grid.width) - 1);
      return (
        `${notice.modality}: pictures of ${picture.width}x${picture.height} are stretched by ${(100 * stretched).toFixed(0)} % ` +
        `to the proportions ${grid.width}:${grid.height}, for which the network was imported. ` +
        `Import it again with --picture ${picture.width}x${picture.height}.`
      );
    }
    case 'motion-unknown':
      return `${notice.modality}: the vehicle's motion is not compensated, because it is not known: ${notice.reason}.`;
    case 'not-as-trained':
      return (
        `${notice.modality} is alive, but not as trained: the mean of channel ${notice.channel} is ` +
        `${notice.mean.toFixed(0)}, in training it was ${notice.trainedMean.toFixed(0)} ± ${notice.trainedStd.toFixed(0)}. ` +
        `Check its scale and its mount.`
      );
  }
}
