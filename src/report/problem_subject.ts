import { adviseReason, type Reason } from '../sync/index.js';
import type { ProblemSubject } from './problem_list.js';

/** What a problem of a run over a recording is about, with what to do where something can be done there. */
export function problemSubject(about: {
  code: string;
  modality?: string | undefined;
  cause?: Reason | undefined;
}): ProblemSubject {
  const { code, modality, cause } = about;
  const advice = cause && adviseReason(cause, 'recording');
  return { code, ...(modality !== undefined && { modality }), ...(advice !== undefined && { advice }) };
}
