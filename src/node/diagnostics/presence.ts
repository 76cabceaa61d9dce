import type { ModalityStatus } from '../../sync/index.js';
import type { NodeReport } from './report.js';

/** A driver that is started together with the node has this long to appear. */
const GRACE_MS = 10_000;

/**
 * Whether a sensor of the model is just not on this robot: nobody has ever published its topic, and nobody says that
 * somebody should.
 */
export function isNotPresent(
  { topics, modalities, runningForMs }: Pick<NodeReport, 'topics' | 'modalities' | 'runningForMs'>,
  { modality, state }: Pick<ModalityStatus, 'modality' | 'state'>,
): boolean {
  if (state !== 'waiting' || runningForMs < GRACE_MS) return false;
  const sensor = topics.find((topic) => topic.purpose === 'sensor' && topic.modality === modality);
  if (sensor === undefined || sensor.messages > 0 || sensor.publishers > 0 || sensor.problem !== undefined)
    return false;
  return modalities.some(({ name, essential, expected }) => name === modality && !essential && !expected);
}
