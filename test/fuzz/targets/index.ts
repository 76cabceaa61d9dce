import type { FuzzTarget } from '../target.js';
import { bagTargets } from './bags.js';
import { eventTargets } from './events.js';
import { messageTargets } from './messages.js';
import { sensorTargets } from './sensors.js';
import { synchronizerTargets } from './synchronizer.js';
import { textTargets } from './texts.js';

/** All doors of the product. */
export const allTargets: readonly FuzzTarget[] = [
  ...sensorTargets,
  ...eventTargets,
  ...messageTargets,
  ...bagTargets,
  ...textTargets,
  ...synchronizerTargets,
];
