/** A published model's figures, mIoU in percent; null where its paper gives none. */
export interface PublishedScores {
  model: string;
  emm: { average: number; expected: readonly (number | null)[] };
  /** By share of elements zeroed: 0.75, 0.5, 0.25. */
  rmm: readonly (number | null)[];
  /** Low, mid, high. */
  nm: readonly (number | null)[];
}

/**
 * MiT-B2 models trained and scored on DELIVER (val), zero-filled, from arXiv 2503.18445; EQUISeg from its own paper.
 * E_p for p = 0.2, 0.1, 0.05.
 */
export const PUBLISHED_SCORES: readonly PublishedScores[] = [
  {
    model: 'CMNeXt',
    emm: { average: 37.9, expected: [54.46, 60.41, 63.38] },
    rmm: [42.17, 47.49, 53.61],
    nm: [35.23, 16.37, 2.31],
  },
  {
    model: 'GeminiFusion',
    emm: { average: 37.07, expected: [54.33, 60.62, 63.77] },
    rmm: [39.78, 42.41, 49.74],
    nm: [5.52, 4.14, 3.3],
  },
  {
    model: 'MAGIC',
    emm: { average: 44.97, expected: [58.66, 62.68, 64.47] },
    rmm: [45.3, 48.19, 51.61],
    nm: [24.03, 13.31, 3.98],
  },
  {
    model: 'MAGIC++',
    emm: { average: 44.85, expected: [59.18, 63.52, 65.5] },
    rmm: [47.06, 49.31, 53.92],
    nm: [33.12, 18.31, 8.7],
  },
  {
    model: 'StitchFusion',
    emm: { average: 41.98, expected: [58.02, 63.29, 65.8] },
    rmm: [45.16, 48.33, 53.1],
    nm: [24.91, 17.11, 9.25],
  },
  {
    model: 'EQUISeg',
    emm: { average: 48.22, expected: [null, 65.75, null] },
    rmm: [null, 50.96, null],
    nm: [34.87, 19.13, null],
  },
];
