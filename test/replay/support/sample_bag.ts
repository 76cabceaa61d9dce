import { join } from 'node:path';
import { DEFAULT_PIPELINE_CONFIG } from '../../../src/pipeline/index.js';
import { type ReplayOutputs, replayBag } from '../../../src/replay/index.js';
import { projectRoot } from '../../support/shared_data.js';

/** Replays the bundled bag with the bundled model, as `npm start` does. */
export function replaySample(out: string): Promise<ReplayOutputs> {
  return replayBag({
    bag: join(projectRoot, 'samples', 'town'),
    model: join(projectRoot, 'models', 'reference'),
    out,
    rate: 'max',
    provider: 'cpu',
    config: DEFAULT_PIPELINE_CONFIG,
  });
}
