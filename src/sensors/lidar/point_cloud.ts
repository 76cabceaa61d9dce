import { inSlices } from '../in_slices.js';

/**
 * Points as a structure of arrays, metres in the sensor's frame. Points with a coordinate that is not finite, and those
 * in the sensor's own place, as drivers write a beam without return, are left out.
 */
export interface PointCloud {
  length: number;
  x: Float32Array;
  y: Float32Array;
  z: Float32Array;
  /** 0..255, unless read as it is; all 0 where the cloud has no intensity. */
  intensity: Float32Array;
  /** When each point was measured, in seconds after the message's stamp; only where asked for and told by the sensor. */
  time?: Float32Array;
}

export type PointCloudOutcome = { kind: 'cloud'; cloud: PointCloud } | { kind: 'invalid'; reason: string };

/** The field intensities are read from. */
export interface IntensityField {
  name: string;
  /** PointField datatype, 1..8. */
  datatype: number;
  /** Another intensity-like field of the cloud that was passed over. */
  passedOver: string | undefined;
}

export interface ReadPointCloudOptions {
  /**
   * The value of the intensity field that means full scale and becomes 255, or what finds it out from the cloud, whose
   * intensities are as read, and may be put right in place.
   * Without it the field's datatype decides: integers of 8 bits and all floats are taken as 0..255, those of 16 and 32
   * bits as 0..65535. `as-is`: values are kept as the sensor gave them.
   */
  intensityFullScale?: number | 'as-is' | ((cloud: PointCloud, field: IntensityField) => number);
  /** Told from which field intensities are read. */
  onIntensityField?: (field: IntensityField) => void;
  /** Stamp of the message in nanoseconds where the times of the points are wanted, else they are not read. */
  timesAfter?: bigint;
}

/** Values worked off before the event loop turns. */
const VALUES_PER_SLICE = 150_000;

/** Brings intensities to 0..255 in place; what is not a number counts as dark. */
export async function scaleIntensity(intensity: Float32Array, fullScale: number): Promise<void> {
  const scale = 255 / fullScale;
  await inSlices(intensity.length, VALUES_PER_SLICE, (from, to) => {
    for (let i = from; i < to; i++) {
      const value = intensity[i]! * scale;
      intensity[i] = value > 0 ? Math.min(255, value) : 0;
    }
  });
}

/** Moves the points that are somewhere to the front: three finite coordinates, and not the sensor's own place. */
export async function dropPointsWithoutReturn(cloud: PointCloud): Promise<void> {
  const { x, y, z, intensity, time } = cloud;
  let kept = 0;
  await inSlices(cloud.length, VALUES_PER_SLICE, (from, to) => {
    for (let i = from; i < to; i++) {
      // Floats added as doubles cannot overflow: the sum is finite exactly if each coordinate is.
      if (!Number.isFinite(x[i]! + y[i]! + z[i]!)) continue;
      if (x[i] === 0 && y[i] === 0 && z[i] === 0) continue;
      if (kept !== i) {
        x[kept] = x[i]!;
        y[kept] = y[i]!;
        z[kept] = z[i]!;
        intensity[kept] = intensity[i]!;
        if (time !== undefined) time[kept] = time[i]!;
      }
      kept++;
    }
  });
  cloud.length = kept;
}
