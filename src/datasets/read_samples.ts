import type { LabelImage } from '../report/index.js';
import type { ImageSize, ModalityImage } from '../sensors/index.js';
import type { Dataset, DatasetFrame } from './dataset.js';
import type { BundleMatch } from './match_bundle.js';

/** Frames that are read while the model works on one: the decoder is to be ahead, not to fill the memory. */
const AHEAD = 2;

/** A frame as the model sees it, and its labels where the set has them. */
export interface DatasetSample {
  frame: DatasetFrame;
  images: ReadonlyMap<string, ModalityImage>;
  /** Class ids of the data set. */
  truth: LabelImage | undefined;
}

export type SampleOutcome =
  | { kind: 'sample'; sample: DatasetSample }
  | { kind: 'unreadable'; frame: DatasetFrame; reason: string };

/**
 * Reads frames one after the other, always {@link AHEAD} of the one that was handed out: their files are decoded while
 * the model, which has a thread of its own, works.
 * @param signal - ends the reading before the next frame
 */
export async function* readSamples(
  dataset: Dataset,
  { inputs }: Pick<BundleMatch, 'inputs'>,
  frames: readonly DatasetFrame[],
  { input, scoredAt }: { input: ImageSize; scoredAt: ImageSize | 'as-stored' },
  signal?: AbortSignal,
): AsyncGenerator<SampleOutcome> {
  const pending: Promise<SampleOutcome>[] = [];
  for (let next = 0; next < frames.length || pending.length > 0; ) {
    while (pending.length < AHEAD && next < frames.length && !signal?.aborted) {
      pending.push(readSample(dataset, inputs, frames[next++]!, input, scoredAt));
    }
    const outcome = pending.shift();
    if (outcome === undefined || signal?.aborted) break;
    const read = await outcome;
    // Starts the next one before this one is worked on.
    if (next < frames.length && !signal?.aborted) {
      pending.push(readSample(dataset, inputs, frames[next++]!, input, scoredAt));
    }
    yield read;
  }
}

/** Never rejects: what is wrong with a frame costs itself. */
async function readSample(
  dataset: Dataset,
  inputs: BundleMatch['inputs'],
  frame: DatasetFrame,
  size: ImageSize,
  scoredAt: ImageSize | 'as-stored',
): Promise<SampleOutcome> {
  try {
    const images = inputs.map(async ({ name, representation, modality }): Promise<[string, ModalityImage]> => {
      const data = await modality.read(frame, size, representation);
      return [name, { modality: name, stamp: 0n, ...size, data, quality: { kind: 'good' } }];
    });
    const label = frame.label === undefined ? undefined : dataset.readLabels(frame.label, scoredAt);
    // All are waited for, also where one fails: nothing goes on unseen.
    const [read, truth] = await Promise.all([Promise.allSettled(images), settled(label)]);
    const failed = [...read, truth].find((each) => each.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    const present = read.map((each) => (each as PromiseFulfilledResult<[string, ModalityImage]>).value);
    return {
      kind: 'sample',
      sample: {
        frame,
        images: new Map(present),
        truth: (truth as PromiseFulfilledResult<LabelImage | undefined>).value,
      },
    };
  } catch (error) {
    return { kind: 'unreadable', frame, reason: error instanceof Error ? error.message : String(error) };
  }
}

async function settled<Value>(promise: Promise<Value> | undefined): Promise<PromiseSettledResult<Value | undefined>> {
  return (await Promise.allSettled([promise]))[0]!;
}
