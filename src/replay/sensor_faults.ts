import type { Stamp } from '../messages/index.js';
import type { ModalityChange, ModalityWarning, ModelChange, ProblemAbout } from '../pipeline/index.js';
import { problemSubject, type ReplayRecorder } from '../report/index.js';

/**
 * Tells every reason for which a sensor was dropped or invalid, or a fallback made the masks, as a problem, once for each message that shows it, or for
 * each stretch where no message does: silence, clocks, pictures that are black.
 */
export class SensorFaults {
  readonly #recorder: Pick<ReplayRecorder, 'problem' | 'problemLasted'>;
  /** Sentences that single messages have told. */
  readonly #toldByMessages = new Set<string>();
  /** By modality, the sentence of the state it is in. */
  readonly #present = new Map<string, string>();
  /** By modality, what it is doubted for. */
  readonly #doubts = new Map<string, string>();
  /** What was told of the fallback that makes the masks now. */
  #fallback: string | undefined;

  constructor(recorder: Pick<ReplayRecorder, 'problem' | 'problemLasted'>) {
    this.#recorder = recorder;
  }

  /** A problem of one message. */
  problem(text: string, at: Stamp | undefined, about: ProblemAbout | undefined): void {
    if (about?.modality !== undefined) this.#toldByMessages.add(text);
    this.#recorder.problem('warning', text, at, about && problemSubject(about));
  }

  /** A sensor that is in use is doubted, or no longer. */
  warned({ modality, cause, reason, at }: ModalityWarning): void {
    const before = this.#doubts.get(modality);
    if (before !== undefined) this.#recorder.problemLasted(before, at);
    this.#doubts.delete(modality);
    if (cause === undefined || reason === undefined) return;
    const text = `${modality}: ${reason}`;
    this.#doubts.set(modality, text);
    this.#recorder.problem('warning', text, at, problemSubject({ code: cause.code, modality, cause }));
  }

  /** Another model makes the masks. */
  modelChanged({ model, reason, at }: ModelChange): void {
    if (this.#fallback !== undefined) this.#recorder.problemLasted(this.#fallback, at);
    this.#fallback = undefined;
    if (model.cause === undefined) return;
    this.#fallback = `${reason}.`;
    this.#recorder.problem('warning', this.#fallback, at, { code: model.cause.code });
  }

  /** The state of a modality changed. */
  changed({ modality, to, reason, cause, at }: ModalityChange): void {
    const before = this.#present.get(modality);
    if (before !== undefined) this.#recorder.problemLasted(before, at);
    this.#present.delete(modality);
    if ((to !== 'dropped' && to !== 'invalid') || reason === undefined) return;
    const text = `${modality}: ${reason}`;
    if (this.#toldByMessages.has(text)) return;
    this.#present.set(modality, text);
    this.#recorder.problem('warning', text, at, problemSubject({ code: cause?.code ?? to, modality, cause }));
  }
}
