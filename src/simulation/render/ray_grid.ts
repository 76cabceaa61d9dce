import type { Pose } from '../pose.js';

/** Column and row range of a grid, ends excluded, and the smallest distance inside it. */
export interface Window {
  x0: number;
  x1: number;
  y0: number;
  y1: number;
  near: number;
}

/**
 * The rays of one sensor in its own frame, row by row. `directions` holds x, y and z planes; their length is the
 * sensor's measure: with z = 1 (cameras) a hit's ray parameter is its depth, with unit length (LiDAR) its range.
 */
export interface RayGrid {
  readonly width: number;
  readonly height: number;
  readonly directions: { readonly x: Float32Array; readonly y: Float32Array; readonly z: Float32Array };
  /** Angle between neighbouring rays, radians. */
  readonly pitch: number;
  /**
   * Finds which rays can meet a convex body.
   * @param corners - 8 corners as xyz triples, world frame; two corners share an edge if their indices differ in one bit
   * @returns whether any ray can
   */
  window(corners: Float64Array, pose: Pose, window: Window): boolean;
}

/** Nothing nearer than this is seen, metres. */
export const NEAR_PLANE = 0.1;
