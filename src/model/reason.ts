import type { AbsentReason } from '../sync/index.js';

/** What a model needs and does not have, and why each is missing. */
export interface ModelLack {
  model: string;
  /** `all`: all of these are needed; `any`: one of these would do. */
  needs: 'all' | 'any';
  missing: readonly (readonly [modality: string, why: AbsentReason])[];
}

/** Why another model makes the mask than the one before, or none. */
export type ModelReason =
  | { code: 'fallback-in-use'; model: string; passedOver: readonly (ModelLack | ModelFailure)[] }
  | { code: 'model-in-use-again'; model: string }
  | { code: 'no-model'; passedOver: readonly (ModelLack | ModelFailure)[] };

/** A model that will make no mask any more. */
export interface ModelFailure {
  model: string;
  failure: string;
}

/** One sentence without its full stop, for log, status, summary, report and diagnostics. */
export function describeModelReason(reason: ModelReason): string {
  switch (reason.code) {
    case 'fallback-in-use':
      return `${reason.model} makes the masks as fallback: ${reason.passedOver.map(describePassedOver).join('; ')}`;
    case 'model-in-use-again':
      return `${reason.model} makes the masks again`;
    case 'no-model':
      return `no model can make it: ${reason.passedOver.map(describePassedOver).join('; ')}`;
  }
}

function describePassedOver(passed: ModelLack | ModelFailure): string {
  if ('failure' in passed) return `${passed.model} does not run (${passed.failure})`;
  const { model, needs, missing } = passed;
  const words = missing.map(([modality, why]) => `${modality} (${why})`);
  return `${model} needs ${words.join(needs === 'all' ? ' and ' : ' or ')}`;
}

/** Something about several models together that whoever reads the masks should know; told once. */
export type ModelNotice = {
  code: 'classes-unlabeled';
  modality: undefined;
  model: string;
  /** The model whose classes the masks have. */
  primary: string;
  classes: readonly string[];
};

export function describeModelNotice({ model, primary, classes }: ModelNotice): string {
  const [which, pixels] = classes.length === 1 ? ['a class', 'Its'] : ['classes', 'Their'];
  return `${model} has ${which} that ${primary} lacks: ${classes.join(', ')}. ${pixels} pixels are unlabeled in its masks.`;
}
