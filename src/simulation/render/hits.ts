/** What a ray met when it met no primitive (`Hits.surface` below 0). */
export const SURFACE = { sky: -1, carriageway: -2, raised: -3, kerb: -4 } as const;

/** First hit of every ray of a grid. */
export class Hits {
  /** Ray parameter of the hit: depth (z) for cameras, range for LiDAR; Infinity = sky. */
  readonly distance: Float32Array;
  /** Index of the primitive, or one of `SURFACE`. */
  readonly surface: Int32Array;
  /** Class id, outlines of see-through things filled. */
  readonly label: Uint8Array;
  /** Nearest opening of a see-through thing in front of the hit, for `label` only. */
  readonly veilDistance: Float32Array;
  readonly veilLabel: Uint8Array;

  constructor(count: number) {
    this.distance = new Float32Array(count);
    this.surface = new Int32Array(count);
    this.label = new Uint8Array(count);
    this.veilDistance = new Float32Array(count);
    this.veilLabel = new Uint8Array(count);
  }
}
