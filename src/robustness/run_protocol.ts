import { type AbsentClassConvention, ConfusionMatrix, resizeLabelsNearest } from '../evaluation/index.js';
import { type Bundle, classCountOf, requiredModalities } from '../model/index.js';
import type { FrameSegmenter } from '../pipeline/index.js';
import { Random } from '../random/random.js';
import type { Problem } from '../report/index.js';
import type { ImageSize, ModalityImage, Representation } from '../sensors/index.js';
import { CountsByCondition } from './condition_counts.js';
import { NOISE_LEVELS, type NoiseLevel, noisy, randomlyZeroed, zeroFilled } from './corruptions.js';
import type { EvaluationFrame, FrameCount, FrameVisitor } from './evaluation_frame.js';
import { normalisationIn } from './normalisation.js';
import type { CountedFrames, ScoredModel } from './protocol_counts.js';
import { protocolReport } from './protocol_report.js';
import { nonEmptySubsets } from './subsets.js';

/**
 * Ways of taking modalities away (arXiv 2503.18445). `absent`: they do not run, as in the node; `emm`: zero-filled, as in
 * published tables; `rmm`: elements missing at random; `nm`: noise on all.
 */
export const PROTOCOLS = ['absent', 'emm', 'rmm', 'nm'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** Shares of elements zeroed in RMM, and chances of a missing modality in E_p, in the order of the published tables. */
export const ZERO_RATES = [0.75, 0.5, 0.25] as const;
export const MISSING_CHANCES = [0.2, 0.1, 0.05] as const;

/** A score of all frames; `conditions` has those of each condition, where there are several. */
export type ProtocolScore<Of> = Of & { miou: number | null; conditions?: Record<string, number | null> };

/** Scores over all subsets under one way of taking modalities away; percent. */
export interface SubsetTable {
  protocol: 'absent' | 'emm' | 'rmm';
  /** RMM: share of the elements zeroed. */
  rate?: number;
  /** Null where the model makes no mask of so few. */
  subsets: ProtocolScore<{ present: string[] }>[];
  average: number | null;
  /** E_p by p. */
  expected: Record<string, number | null>;
}

/**
 * How many images of each modality come again while a frame is scored, and so are worth keeping the features of: the
 * frame's own, the next one's, its zeros, and one for each share of elements zeroed at random.
 */
export function imagesWorthKeeping(protocols: readonly Protocol[]): number {
  return 2 + (protocols.includes('emm') ? 1 : 0) + (protocols.includes('rmm') ? ZERO_RATES.length : 0);
}

export interface ProtocolReport {
  formatVersion: 1;
  model: { name: string; sha256: string };
  frames: Omit<FrameCount, 'problems' | 'failure'>;
  seed: number;
  convention: AbsentClassConvention;
  tables: SubsetTable[];
  /** NM; `clampedShare` of the elements could not be as noisy as the protocol wants, see `noisy`. */
  noise: ProtocolScore<{ level: NoiseLevel; clampedShare: number }>[];
  problems: Problem[];
  /** True where the data were not scored to their end. */
  partial: boolean;
  partialBecause?: string;
}

/** A report, and what ended the scoring early. */
export interface ProtocolOutcome extends ProtocolReport {
  failure?: { error: unknown };
}

export interface ProtocolOptions {
  protocols: readonly Protocol[];
  seed: number;
  convention: AbsentClassConvention;
  /** Ends the scoring before its time; what was scored until then is reported. */
  signal?: AbortSignal;
}

/** Condition of frames of which none is told. */
const UNTOLD = 'all';

/** One way a frame is shown to the model, and what came of all frames. */
interface Setting {
  counts: CountsByCondition;
  show(frame: EvaluationFrame): ReadonlyMap<string, ModalityImage>;
}

/** What a report needs to know of a bundle. */
export function scoredModel(bundle: Bundle): ScoredModel {
  const { name, sha256 } = bundle;
  const required = requiredModalities(bundle);
  return { name, sha256, classCount: classCountOf(bundle), modalities: names(bundle), required: [...required] };
}

/**
 * Scores a model on frames under each protocol. What ends that after the first frame leaves a report on those before,
 * which says `partial` and why.
 * @param visitFrames - hands all frames to its argument, one after the other
 * @throws NothingMadeError where there was no frame to score
 */
export async function runProtocol(
  source: { bundle: Bundle; segmenter: Pick<FrameSegmenter, 'segment'> },
  options: ProtocolOptions,
  visitFrames: (visit: FrameVisitor) => Promise<FrameCount>,
): Promise<ProtocolOutcome> {
  return protocolReport(scoredModel(source.bundle), options, await countProtocols(source, options, visitFrames));
}

/** Counts a model's masks under each protocol; what ends that leaves the counts of the frames before. */
export async function countProtocols(
  { bundle, segmenter }: { bundle: Bundle; segmenter: Pick<FrameSegmenter, 'segment'> },
  { protocols, seed, signal }: Omit<ProtocolOptions, 'convention'>,
  visitFrames: (visit: FrameVisitor) => Promise<FrameCount>,
): Promise<CountedFrames> {
  /** Class ids at the size of the ground truth. */
  const labelsOf = async (images: ReadonlyMap<string, ModalityImage>, size: ImageSize): Promise<Uint8Array> => {
    const mask = await segmenter.segment({ stamp: 0n, frameId: '', images, absent: new Map() });
    return resizeLabelsNearest(mask.labels, mask, size);
  };
  const tables = subsetSettings(bundle, protocols, seed);
  const noise = protocols.includes('nm') ? noiseSettings(bundle, seed) : [];
  const required = requiredModalities(bundle);
  const one = new ConfusionMatrix(classCountOf(bundle));
  const settings = [...tables.flatMap(({ settings: own }) => own), ...noise];
  const counted = await visitFrames(async (frame) => {
    // Counted only once all are made: every setting is scored on the same frames, also where the model fails.
    const masks: { counts: CountsByCondition; labels: Uint8Array }[] = [];
    let ofWholeFrame: Uint8Array | undefined;
    for (const { counts, show } of settings) {
      const images = show(frame);
      // A network that refuses to do without a sensor has no score without it.
      if (!required.every((name) => images.has(name))) continue;
      // Each table has the frame as it is once.
      const isWhole = [...frame.images].every(([name, image]) => images.get(name) === image);
      const labels = (isWhole ? ofWholeFrame : undefined) ?? (await labelsOf(images, frame.truth));
      if (isWhole) ofWholeFrame = labels;
      masks.push({ counts, labels });
    }
    for (const { counts, labels } of masks) {
      one.clear();
      one.add(labels, frame.truth.labels);
      counts.add(frame.condition ?? UNTOLD, one);
    }
  });
  const endedBy: unknown = counted.failure === undefined ? signal?.reason : counted.failure.error;
  return {
    ...counted,
    ...(endedBy !== undefined && { endedBy }),
    protocols: {
      tables: tables.map(({ protocol, rate, settings: own }) => ({
        protocol,
        ...(rate !== undefined && { rate }),
        subsets: own.map(({ present, counts }) => ({ present, conditions: counts.counts() })),
      })),
      noise: noise.map(({ level, counts, clamped, elements }) => ({
        level,
        conditions: counts.counts(),
        clamped,
        elements,
      })),
    },
  };
}

interface SubsetSettings {
  protocol: 'absent' | 'emm' | 'rmm';
  rate?: number;
  settings: (Setting & { present: string[] })[];
}

function subsetSettings(bundle: Bundle, protocols: readonly Protocol[], seed: number): SubsetSettings[] {
  const representations = representationsOf(bundle);
  const table = (
    protocol: SubsetSettings['protocol'],
    missing: (image: ModalityImage, frame: EvaluationFrame) => ModalityImage | undefined,
    rate?: number,
  ): SubsetSettings => ({
    protocol,
    ...(rate !== undefined && { rate }),
    settings: nonEmptySubsets(names(bundle)).map((present) => ({
      present,
      counts: new CountsByCondition(classCountOf(bundle)),
      show: (frame) =>
        new Map(
          [...frame.images].flatMap(([name, image]) => {
            const shown = present.includes(name) ? image : missing(image, frame);
            return shown === undefined ? [] : [[name, shown]];
          }),
        ),
    })),
  });
  const of = ({ modality }: ModalityImage) => representations.get(modality)!;
  // One object a modality: the segmenter keeps the features of an image it has seen.
  const zeros = new Map<string, ModalityImage>();
  const zeroed = (image: ModalityImage): ModalityImage => {
    const zero = zeros.get(image.modality) ?? zeroFilled(image, of(image), normalisationIn(bundle, image.modality));
    zeros.set(image.modality, zero);
    return zero;
  };
  return [
    ...(protocols.includes('absent') ? [table('absent', () => undefined)] : []),
    ...(protocols.includes('emm') ? [table('emm', zeroed)] : []),
    ...(protocols.includes('rmm')
      ? ZERO_RATES.map((rate) =>
          table(
            'rmm',
            oncePerImage((image, { name }) =>
              randomlyZeroed(
                image,
                of(image),
                rate,
                new Random(seed, 'rmm', rate, name, image.modality),
                normalisationIn(bundle, image.modality),
              ),
            ),
            rate,
          ),
        )
      : []),
  ];
}

/** Makes one image of each, however many subsets show it. */
function oncePerImage(
  make: (image: ModalityImage, frame: EvaluationFrame) => ModalityImage,
): (image: ModalityImage, frame: EvaluationFrame) => ModalityImage {
  const made = new WeakMap<ModalityImage, { frame: EvaluationFrame; image: ModalityImage }>();
  return (image, frame) => {
    const known = made.get(image);
    if (known?.frame === frame) return known.image;
    const fresh = make(image, frame);
    made.set(image, { frame, image: fresh });
    return fresh;
  };
}

type NoiseSetting = Setting & { level: NoiseLevel; clamped: number; elements: number };

function noiseSettings(bundle: Bundle, seed: number): NoiseSetting[] {
  const representations = representationsOf(bundle);
  return (Object.keys(NOISE_LEVELS) as NoiseLevel[]).map((level) => {
    const setting: NoiseSetting = {
      level,
      clamped: 0,
      elements: 0,
      counts: new CountsByCondition(classCountOf(bundle)),
      show: ({ name: frameName, images }) =>
        new Map(
          [...images].map(([name, image]) => {
            const random = new Random(seed, 'nm', level, frameName, name);
            const representation = representations.get(name)!;
            const noised = noisy(image, representation, NOISE_LEVELS[level], random, normalisationIn(bundle, name));
            setting.clamped += noised.clamped;
            setting.elements += image.data.length;
            return [name, noised.image];
          }),
        ),
    };
    return setting;
  });
}

function names({ modalities }: Bundle): string[] {
  return modalities.map(({ name }) => name);
}

function representationsOf({ modalities }: Bundle): Map<string, Representation> {
  return new Map(modalities.map(({ name, representation }) => [name, representation]));
}
