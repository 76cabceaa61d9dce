/**
 * One shaded point, passed between texture and lighting as a reused array: no objects in the pixel loop.
 * Indices: albedo red, green, blue; gloss 0..1 (share of mirror reflection at normal incidence); own light.
 */
export const SAMPLE = { red: 0, green: 1, blue: 2, gloss: 3, emission: 4, length: 5 } as const;

export type SurfaceSample = Float64Array;

/** 1 where a pattern of the given size can still be resolved by a pixel of `footprint` metres, falling to 0. */
export function visibleDetail(size: number, footprint: number): number {
  const ratio = (1.5 * footprint) / size;
  return ratio < 0.5 ? 1 : ratio > 1.5 ? 0 : 1.5 - ratio;
}
