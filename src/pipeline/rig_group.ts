import type { RawMessage } from '../messages/index.js';
import type { SensorNotice, SensorReason, SensorRig } from '../sensors/index.js';

/** A rig, and the modalities it draws images of. */
export interface RigUse {
  readonly rig: SensorRig;
  readonly draws: ReadonlySet<string>;
}

/**
 * The rigs of several models as one: where models take other sizes or other representations of the same sensors, each has
 * a rig of its own. All hear every message, so that any of them can draw a set at any time; only the images of the model
 * that makes a mask are drawn. What is told of a sensor is what the first rig says that draws it.
 */
export class RigGroup {
  readonly #uses: readonly RigUse[];

  constructor(uses: readonly RigUse[]) {
    this.#uses = uses;
  }

  /** Takes in calibration; returns what is wrong with the message, one sentence each. */
  observe(message: RawMessage): Iterable<string> {
    return new Set(this.#uses.flatMap(({ rig }) => rig.observe(message)));
  }

  /** Looks at a message as it arrives. */
  ingest(...message: Parameters<SensorRig['ingest']>): ReturnType<SensorRig['ingest']> {
    const [first, ...others] = this.#drawing(message[0]);
    const outcome = first!.rig.ingest(...message);
    for (const { rig } of others) rig.ingest(...message);
    return outcome;
  }

  calibrationWarning(modality: string): SensorReason | undefined {
    return this.#drawing(modality)[0]?.rig.calibrationWarning(modality);
  }

  /** Sensors that are alive, but for long not such as the model was trained on. */
  concerns(): Map<string, SensorNotice> {
    return new Map(this.#uses.toReversed().flatMap(({ rig }) => [...rig.concerns()]));
  }

  retune(...limits: Parameters<SensorRig['retune']>): void {
    for (const { rig } of this.#uses) rig.retune(...limits);
  }

  reset(): void {
    for (const { rig } of this.#uses) rig.reset();
  }

  #drawing(modality: string): readonly RigUse[] {
    const drawing = this.#uses.filter(({ draws }) => draws.has(modality));
    // The first rig says what is wrong with a modality that none knows.
    return drawing.length > 0 ? drawing : this.#uses.slice(0, 1);
  }
}
