import type { RawMessage, Stamp } from '../messages/index.js';
import type { Plausibility } from '../sensors/index.js';
import type { Synchronizer } from '../sync/index.js';
import type { ModelChain } from './model_chain.js';
import type { PipelineSink } from './results.js';
import type { RigGroup } from './rig_group.js';

export interface PipelineOptions {
  /** The rigs of all models. */
  rigs: RigGroup;
  models: ModelChain;
  synchronizer: Synchronizer<RawMessage, Stamp>;
  sink: PipelineSink;
  /** Modality by the topic it is read from; messages of other topics may carry calibration. */
  modalityByTopic: ReadonlyMap<string, string>;
  /**
   * What happens when sets come faster than masks are made. `wait`: `receive` resolves later and no set is lost, for
   * replay. `newest`: the newest set is taken next, the ones in between are dropped and said, for live sensors.
   */
  backpressure: 'wait' | 'newest';
  /** Looks at the images of each set for what no single message shows. */
  plausibility?: Plausibility;
  /** Whether anybody wants a mask now; asked for every message. While not, sets are passed over. Default: always. */
  isWanted?: () => boolean;
  /** Without the modalities of one of these there is no mask: `[['camera'], ['depth', 'lidar']]`. Default: any will do. */
  minimum?: readonly (readonly string[])[];
}
