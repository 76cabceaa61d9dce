import type { Stamp } from '../messages/index.js';
import type { FrameResult } from '../pipeline/index.js';
import {
  DriveConditions,
  imagesOnly,
  isSimulated,
  type MeasuredSource,
  readGroundTruth,
  runPipeline,
  sensorsOf,
  truthClasses,
} from '../replay/index.js';
import { type LabelImage, ProblemList, problemSubject } from '../report/index.js';
import type { FrameCount, FrameVisitor } from './evaluation_frame.js';

/**
 * Visits the frames of a bag that have all modalities and, at their very stamp, ground truth.
 * @param every - every n-th of them only
 * @param signal - ends the visit before the next message
 * @throws Error where the bag has no ground truth
 */
export async function visitBagFrames(
  source: MeasuredSource,
  every: number,
  visit: FrameVisitor,
  signal?: AbortSignal,
): Promise<FrameCount> {
  const { bag, bundle, selection } = source;
  if (selection.groundTruth === undefined) {
    throw new Error(
      `Expected label images in ${bag.info.path} to score against but found none: name their topic with --config.`,
    );
  }
  const truths = new Map<Stamp, LabelImage>();
  const problems = new ProblemList();
  const { classCount, truthTable, note } = truthClasses(bundle, bag.info);
  if (note !== undefined) problems.add('warning', note, undefined, { code: 'ground-truth' });
  for await (const raw of bag.messages({ topics: [selection.groundTruth.topic] })) {
    const outcome = readGroundTruth(raw, classCount, truthTable);
    if (outcome.kind === 'labels') truths.set(outcome.stamp, outcome.image);
    else problems.add('warning', `Ground truth: ${outcome.reason}`, raw.receiveStamp);
  }
  const count: FrameCount = { used: 0, leftOut: 0, source: isSimulated(bag.info) ? 'simulation' : 'recording' };
  const conditions = new DriveConditions();
  let found = 0;
  const own = new Set(bundle.modalities.map(({ name }) => name));
  const published = async ({ segmentation, images: all }: FrameResult): Promise<void> => {
    const images = new Map([...all].filter(([name]) => own.has(name)));
    const truth = truths.get(segmentation.stamp);
    if (truth === undefined || images.size < bundle.modalities.length) {
      count.leftOut++;
      return;
    }
    if (found++ % every !== 0) return;
    const condition = conditions.at(segmentation.stamp);
    await visit({
      name: String(segmentation.stamp),
      ...(condition !== undefined && { condition }),
      images,
      truth,
    });
    count.used++;
  };
  const ignore = () => undefined;
  const segmenter = imagesOnly(bundle);
  let failure: FrameCount['failure'];
  await runPipeline(
    // A configuration for several models tells of the sensors of all.
    { ...source, bundle: { ...bundle, modalities: sensorsOf(source) }, segmenter, fallbacks: [] },
    {
      rate: 'max',
      ...(signal && { signal }),
      listener: {
        published,
        dropped: ignore,
        modalityChanged: ignore,
        problem: (text, at, about) => problems.add('warning', text, at, about && problemSubject(about)),
        groundTruth: ignore,
        condition: (raw) => {
          try {
            conditions.add(raw);
          } catch (error) {
            problems.add('warning', `${raw.topic}: ${(error as Error).message}`, raw.receiveStamp);
          }
        },
      },
    },
  ).catch((error: unknown) => {
    failure = { error };
  });
  for (const problem of bag.info.problems) problems.add('error', problem, undefined, { code: 'bag' });
  for (const incident of source.incidents) problems.add('error', incident, undefined, { code: 'inference' });
  return { ...count, problems: problems.list(), ...(failure && { failure }) };
}
