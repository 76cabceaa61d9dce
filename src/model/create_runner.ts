import { FusedRunner } from './fused_runner.js';
import type { ModelRunner, ModelShape } from './model_runner.js';
import type { EncodeMode, ModelSessions } from './providers.js';
import { SplitRunner } from './split_runner.js';

/**
 * Checks the graphs' interface and runs them once on an empty image.
 * @throws {Error} where the graphs do not have the inputs and outputs of a bundle
 */
export async function createRunner(
  sessions: ModelSessions,
  shape: ModelShape,
  encodeMode: EncodeMode,
): Promise<ModelRunner> {
  switch (sessions.kind) {
    case 'split':
      return SplitRunner.create(sessions, shape, encodeMode);
    case 'fused':
      return FusedRunner.create(sessions.fused, shape);
    case 'whole': {
      const { WholeRunner } = await import('./whole/whole_runner.js');
      return WholeRunner.create(sessions.network, sessions.recipe, shape);
    }
  }
}
