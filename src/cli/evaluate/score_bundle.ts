import { type EvaluationUnit, matchBundle, openDataset, recogniseDataset, scoreDataset } from '../../datasets/index.js';
import { loadBundle, Segmenter, type SegmenterOptions } from '../../model/index.js';
import type { DatasetFlags } from './dataset_options.js';

/**
 * Scores a bundle with all of its modalities on a data set.
 * @throws Error where the root is no data set, the bundle does not match it, or what ended the scoring early
 */
export async function scoreBundle(
  folder: string,
  root: string,
  flags: DatasetFlags & { every: number },
  options: SegmenterOptions,
  signal: AbortSignal,
): Promise<EvaluationUnit> {
  const kind = flags.dataset ?? (await recogniseDataset(root));
  if (kind === undefined) {
    throw new Error(`Expected a data set at ${root} but found no layout that is known. Name it with --dataset.`);
  }
  const bundle = await loadBundle(folder);
  const dataset = await openDataset(kind, root, flags.split);
  const { input: inputs, classesBy, size, strict, every } = flags;
  const match = matchBundle(dataset, bundle, { classesBy, ...(inputs && { inputs }) });
  const segmenter = await Segmenter.create(bundle, options);
  try {
    const { unit, failure } = await scoreDataset(
      { dataset, match, bundle, segmenter },
      { slice: { every }, unreadable: strict ? 'end' : 'leave-out', ...(size && { scoredAt: size }), signal },
    );
    const reason: unknown = failure?.error ?? signal.reason;
    if (reason !== undefined) throw reason;
    return unit;
  } finally {
    await segmenter.close();
  }
}
