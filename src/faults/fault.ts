import { z } from 'zod';
import type { RawMessage } from '../messages/index.js';
import type { Random } from '../random/random.js';

/** The kinds of sensor whose data a fault may have to understand. */
export const sensorKindSchema = z.enum(['camera', 'depth', 'events', 'lidar']);
export type SensorKind = z.infer<typeof sensorKindSchema>;

/** The topic of a modality, as far as faults need it. */
export interface FaultTarget {
  modality: string;
  topic: string;
  kind: SensorKind;
  /** Topic of its CameraInfo, where it passes the injector. */
  infoTopic?: string;
}

/**
 * One fault on one stream of messages. While it is not in force it may watch: a frozen sensor repeats what it sent
 * last, an event stream's state goes on.
 */
export interface StreamFault {
  /** A message that passes unharmed. */
  watch?(message: RawMessage): void;
  /** What comes of a message while the fault is in force; undefined where it is lost. */
  apply(message: RawMessage): RawMessage | undefined | Promise<RawMessage | undefined>;
}

/** What a fault of a family is made from. */
export interface FaultParts {
  target: FaultTarget;
  /** Its own stream of random numbers: other faults and other topics do not change what it draws. */
  random: Random;
}
