import type { LabelImage } from '../report/index.js';
import type { ImageSize, Representation } from '../sensors/index.js';

/** Kinds of data sets that can be read. */
export const DATASET_KINDS = ['deliver', 'muses', 'mcubes', 'folder'] as const;
export type DatasetKind = (typeof DATASET_KINDS)[number];

export interface DatasetClass {
  /** Value in a label image of this project, 0..254. */
  id: number;
  name: string;
}

/** One frame: what it is called, what was going on, and its files. Nothing is read before it is needed. */
export interface DatasetFrame {
  /** Unique within the split; names its own stream of random numbers. */
  readonly name: string;
  /** Name of its prediction's file, without ending; may have folders. */
  readonly prediction: string;
  /** Weather and time of day, or what else the set tells apart; `all` where it does not. */
  readonly condition: string;
  /** Failure of a sensor that the set shows; `none` for most. */
  readonly case: string;
  /** By the data set's name of the modality. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  /** Absent where the set publishes no labels of this split. */
  readonly label: string | undefined;
}

/** A modality that a data set has. */
export interface DatasetModality {
  readonly name: string;
  /** Whether images in this representation can be made of its files. */
  readonly gives: (representation: Representation) => boolean;
  /** What it gives, in words that fit behind "Expected". */
  readonly given: string;
  /**
   * Reads one frame's image.
   * @returns height * width * 3 bytes at `size`
   * @throws Error in one sentence naming the file that is missing or wrong
   */
  readonly read: (frame: DatasetFrame, size: ImageSize, representation: Representation) => Promise<Uint8Array>;
}

/** A split of a data set, its files listed and none read. */
export interface Dataset {
  readonly kind: DatasetKind;
  /** Name by which published figures are looked up, or what the set calls itself. */
  readonly title: string;
  readonly root: string;
  readonly split: string;
  readonly source: 'simulation' | 'recording';
  readonly classes: readonly DatasetClass[];
  readonly modalities: readonly DatasetModality[];
  readonly frames: readonly DatasetFrame[];
  /** Files besides those of the frames that decide what is read. */
  readonly descriptions?: readonly string[];
  /** The only size its images come in, where they may not be resized. */
  readonly imageSize?: ImageSize;
  /** Told once: what is done to the set's files, and what is left out. */
  readonly notes: readonly string[];
  /**
   * Size at which masks are scored: that of the published protocol, or of each label image as it is stored.
   * @param input - size of the model's images; decides where pictures are cut to its shape
   */
  readonly scoredAt: (input: ImageSize) => ImageSize | 'as-stored';
  /** Size at which predictions are saved, where it is not that of scoring. */
  readonly savedAt?: ImageSize;
  /** Folder and name of a saved prediction, for a set with a submission format. */
  readonly predictionPath: (frame: DatasetFrame) => string;
  /**
   * Reads a frame's class ids at `size`, 255 = not scored.
   * @throws Error in one sentence naming the file that is missing or wrong
   */
  readonly readLabels: (path: string, size: ImageSize | 'as-stored') => Promise<LabelImage>;
}

/** Compares texts by code units: the same order on every machine. */
export function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
