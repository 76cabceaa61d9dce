import type { LabelImage, Problem } from '../report/index.js';
import type { ModalityImage } from '../sensors/index.js';

/** A frame with all of the bundle's modalities and its ground truth. */
export interface EvaluationFrame {
  /** Names its own stream of random numbers. */
  name: string;
  /** Weather or time of day, as far as that is known: scores are told by it as well. */
  condition?: string;
  images: ReadonlyMap<string, ModalityImage>;
  truth: LabelImage;
}

/** Takes one frame after the other. */
export type FrameVisitor = (frame: EvaluationFrame) => Promise<void>;

/** What was found, besides the frames. */
export interface FrameCount {
  used: number;
  /** Frames with a modality or the ground truth missing. */
  leftOut: number;
  source: 'simulation' | 'recording';
  /** Why frames were left out, and what is wrong with the data. */
  problems?: Problem[];
  /** What ended the visit early. */
  failure?: { error: unknown };
}
