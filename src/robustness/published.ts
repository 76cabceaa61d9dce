/** What a paper says of a model on a data set; mIoU in percent, null where it gives none. */
export interface PublishedScores {
  model: string;
  dataset: 'DELIVER' | 'MUSES' | 'MCubeS';
  /** `not stated` where the source does not say: such figures are shown beside no run. */
  split: 'train' | 'val' | 'test' | 'not stated';
  backbone: string;
  modalities: string;
  /** All modalities present. */
  miou: number | null;
  /** Missing modalities zero-filled; E_p for p = 0.2, 0.1, 0.05. */
  emm: { average: number | null; expected: readonly (number | null)[] };
  /** By share of elements zeroed: 0.75, 0.5, 0.25. */
  rmm: readonly (number | null)[];
  /** Low, mid, high. */
  nm: readonly (number | null)[];
  source: string;
}

const NONE = [null, null, null] as const;

/** Figures of the benchmark of sensor failures: MiT-B2, zero-filled after normalisation. */
function benchmark(
  model: string,
  average: number,
  expected: PublishedScores['emm']['expected'],
  rmm: PublishedScores['rmm'],
  nm: PublishedScores['nm'],
  source = 'arXiv 2503.18445',
): PublishedScores {
  const emm = { average, expected };
  const where = { dataset: 'DELIVER', split: 'val', backbone: 'MiT-B2', modalities: 'R-D-E-L' } as const;
  return { model, ...where, miou: null, emm, rmm, nm, source };
}

function full(
  model: string,
  dataset: PublishedScores['dataset'],
  split: PublishedScores['split'],
  backbone: string,
  modalities: string,
  miou: number,
): PublishedScores {
  const missing = { emm: { average: null, expected: NONE }, rmm: NONE, nm: NONE };
  return { model, dataset, split, backbone, modalities, miou, ...missing, source: 'arXiv 2412.04220, second-hand' };
}

/** Published figures. R camera, D depth (HHA), E events, L LiDAR; F frame camera; I intensity, A AoLP, D DoLP, N NIR. */
export const PUBLISHED_SCORES: readonly PublishedScores[] = [
  full('MLE-SAM', 'DELIVER', 'val', 'Hiera-B+', 'R-D-E-L', 64.08),
  full('MLE-SAM', 'DELIVER', 'val', 'Hiera-B+', 'R', 55.23),
  full('MLE-SAM', 'DELIVER', 'val', 'Hiera-B+', 'R-D', 63.57),
  full('MLE-SAM', 'DELIVER', 'val', 'Hiera-B+', 'R-D-E', 62.69),
  full('CMNeXt', 'DELIVER', 'val', 'MiT-B0', 'R-D-E-L', 59.18),
  benchmark('CMNeXt', 37.9, [54.46, 60.41, 63.38], [42.17, 47.49, 53.61], [35.23, 16.37, 2.31]),
  benchmark('GeminiFusion', 37.07, [54.33, 60.62, 63.77], [39.78, 42.41, 49.74], [5.52, 4.14, 3.3]),
  benchmark('MAGIC', 44.97, [58.66, 62.68, 64.47], [45.3, 48.19, 51.61], [24.03, 13.31, 3.98]),
  benchmark('MAGIC++', 44.85, [59.18, 63.52, 65.5], [47.06, 49.31, 53.92], [33.12, 18.31, 8.7]),
  benchmark('StitchFusion', 41.98, [58.02, 63.29, 65.8], [45.16, 48.33, 53.1], [24.91, 17.11, 9.25]),
  benchmark('EQUISeg', 48.22, [null, 65.75, null], [null, 50.96, null], [34.87, 19.13, null], 'its paper, second-hand'),
  full('MLE-SAM', 'MUSES', 'not stated', 'Hiera-B+', 'F-E-L', 74.8),
  full('CMNeXt', 'MUSES', 'not stated', 'MiT-B0', 'F-E-L', 46.66),
  full('MLE-SAM', 'MCubeS', 'test', 'Hiera-B+', 'I-A-D-N', 51.02),
  full('MLE-SAM', 'MCubeS', 'test', 'Hiera-B+', 'I-A', 50.61),
  full('MLE-SAM', 'MCubeS', 'test', 'Hiera-B+', 'I-A-D', 50.89),
  full('CMNeXt', 'MCubeS', 'test', 'MiT-B0', 'I-A-D-N', 36.16),
];

/** The figures that compare with a run on this split; none on data of another origin. */
export function publishedFor(title: string, split: string): PublishedScores[] {
  return PUBLISHED_SCORES.filter((row) => row.dataset === title && row.split === split);
}
