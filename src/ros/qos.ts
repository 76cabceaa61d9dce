import type { Rclnodejs, RclQos } from './rclnodejs.js';

/** The quality of service of one endpoint, as far as this project sets it; history is always keep last. */
export interface QosProfile {
  reliability: 'reliable' | 'best_effort';
  durability: 'volatile' | 'transient_local';
  depth: number;
}

/** What a latched topic has: whoever comes late gets the last message. */
export const LATCHED: QosProfile = { reliability: 'reliable', durability: 'transient_local', depth: 1 };

/** rmw's enumerations. */
const HISTORY_KEEP_LAST = 1;
const RELIABILITY = { reliable: 1, best_effort: 2 } as const;
const DURABILITY = { transient_local: 1, volatile: 2 } as const;
const LIVELINESS_SYSTEM_DEFAULT = 0;

export function toRclQos({ QoS }: Pick<Rclnodejs, 'QoS'>, { reliability, durability, depth }: QosProfile): RclQos {
  return new QoS(
    HISTORY_KEEP_LAST,
    depth,
    RELIABILITY[reliability],
    DURABILITY[durability],
    LIVELINESS_SYSTEM_DEFAULT,
    false,
  );
}

/** Reads what the graph says of an endpoint; policies it does not know count as what ROS takes by default. */
export function fromRclQos({
  reliability,
  durability,
  depth,
}: Pick<RclQos, 'depth' | 'reliability' | 'durability'>): QosProfile {
  return {
    reliability: reliability === RELIABILITY.best_effort ? 'best_effort' : 'reliable',
    durability: durability === DURABILITY.transient_local ? 'transient_local' : 'volatile',
    depth,
  };
}

/**
 * Why a subscription gets nothing from a publisher, by the rules of DDS: a subscription may ask for less than is
 * offered, never for more.
 * @returns what is offered and what is asked for, one entry a policy; empty where they fit
 */
export function qosConflicts(offered: QosProfile, requested: QosProfile): string[] {
  const conflicts: string[] = [];
  if (offered.reliability === 'best_effort' && requested.reliability === 'reliable') {
    conflicts.push('reliability: offered best_effort, requested reliable');
  }
  if (offered.durability === 'volatile' && requested.durability === 'transient_local') {
    conflicts.push('durability: offered volatile, requested transient_local');
  }
  return conflicts;
}
