import { millisecondsBetween, type RawMessage, type Stamp } from '../messages/index.js';
import { Random } from '../random/random.js';
import { createFault } from './create_fault.js';
import { DelayQueue } from './delay_queue.js';
import type { FaultTarget, SensorKind, StreamFault } from './fault.js';
import type { FaultSpec, Scenario } from './scenario.js';

/** Where each modality's messages come and what kind of sensor sends them; its CameraInfo where faults can reach that. */
export type FaultBinding = ReadonlyMap<string, { topic: string; kind: SensorKind; infoTopic?: string }>;

export interface InjectorOptions {
  scenario: Scenario;
  binding: FaultBinding;
  /** The same seed, scenario and messages give the same bytes. */
  seed: number | string;
  /**
   * When the scenario's second 0 is; the receive stamp of the first message by default. `later`: not before
   * {@link FaultInjector.start}; until then faults only watch.
   */
  startStamp?: Stamp | 'later';
  /**
   * Told why a message could not be changed; it then goes on as it is, and the scenario with it. Without this the error
   * is thrown.
   */
  onProblem?: (text: string, at: Stamp) => void;
}

/** Messages held back at once at most: ten seconds of a thousand a second. */
const MAX_DELAYED = 10_000;

interface ActiveFault {
  spec: FaultSpec;
  fault: StreamFault;
}

/**
 * Stands in front of the core and does to messages what a failing sensor, driver or network would. Faults of one
 * modality act one after the other in the scenario's order; messages of other topics pass as they are.
 *
 * No clock: time is the receive stamps. A live driver calls {@link release} when {@link nextDue} has come, a replay
 * need not, as the next message releases what was due before it.
 */
export class FaultInjector {
  readonly #faults = new Map<string, ActiveFault[]>();
  readonly #delayed = new DelayQueue(MAX_DELAYED);
  readonly #onProblem: InjectorOptions['onProblem'];
  #start: Stamp | 'later' | undefined;

  /** @throws Error where the scenario names a modality that is not bound, or a fault its sensor cannot have */
  constructor({ scenario, binding, seed, startStamp, onProblem }: InjectorOptions) {
    this.#onProblem = onProblem;
    this.#start = startStamp;
    scenario.faults.forEach((spec, index) => {
      for (const target of faultTargets(spec, binding, scenario.name)) {
        const random = new Random(seed, scenario.name, index, target.modality);
        const fault = createFault(spec, { target, random });
        const topic = topicOf(spec, target);
        this.#faults.set(topic, [...(this.#faults.get(topic) ?? []), { spec, fault }]);
      }
    });
  }

  /** Makes `startStamp` the scenario's second 0. */
  start(startStamp: Stamp): void {
    this.#start = startStamp;
  }

  /**
   * Takes the next message, in the order of receive stamps, one at a time.
   * @returns what comes out now, in order
   */
  async receive(message: RawMessage): Promise<RawMessage[]> {
    this.#start ??= message.receiveStamp;
    const start = this.#start;
    const seconds = start === 'later' ? -Infinity : millisecondsBetween(start, message.receiveStamp) / 1000;
    const released = this.#delayed.takeUntil(message.receiveStamp);
    const changed = await this.#change(message, seconds);
    if (changed === undefined) return released;
    if (changed.receiveStamp <= message.receiveStamp) return [...released, changed];
    this.#delayed.push(changed);
    return released;
  }

  /** When the next delayed message is due; undefined while none is held. */
  nextDue(): Stamp | undefined {
    return this.#delayed.nextStamp;
  }

  /** What is due at `now`. */
  release(now: Stamp): RawMessage[] {
    return this.#delayed.takeUntil(now);
  }

  /** What is still held, at the end. */
  flush(): RawMessage[] {
    return this.#delayed.takeAll();
  }

  async #change(message: RawMessage, seconds: number): Promise<RawMessage | undefined> {
    let current: RawMessage | undefined = message;
    for (const { spec, fault } of this.#faults.get(message.topic) ?? []) {
      if (current === undefined) return undefined;
      try {
        if (isInForce(spec, seconds)) current = await fault.apply(current);
        else fault.watch?.(current);
      } catch (error) {
        if (this.#onProblem === undefined) throw error;
        this.#onProblem(`${message.topic} is left as it is: ${(error as Error).message}`, message.receiveStamp);
      }
    }
    return current;
  }
}

/**
 * Sends a stream of messages through a scenario; receive stamps never fall in what comes out.
 * @throws Error as {@link FaultInjector}, at the first message
 */
export async function* injectFaults(
  messages: AsyncIterable<RawMessage>,
  options: InjectorOptions,
): AsyncGenerator<RawMessage> {
  const injector = new FaultInjector(options);
  for await (const message of messages) yield* await injector.receive(message);
  yield* injector.flush();
}

/** The topic a fault acts on. */
function topicOf({ fault }: FaultSpec, { modality, topic, infoTopic }: FaultTarget): string {
  if (fault !== 'no-camera-info') return topic;
  if (infoTopic !== undefined) return infoTopic;
  throw new Error(
    `Expected a CameraInfo topic of ${modality} for the fault no-camera-info but none passes here: ` +
      'take a bag that has one; on a live graph, stop its publisher.',
  );
}

/** True while a fault acts, by seconds since the scenario's start. */
export function isInForce({ at, until, flickerHz }: FaultSpec, seconds: number): boolean {
  if (seconds < at || (until !== undefined && seconds >= until)) return false;
  return flickerHz === undefined || ((seconds - at) * flickerHz) % 1 < 0.5;
}

/** Modalities a fault acts on. */
export function faultTargets({ modality }: FaultSpec, binding: FaultBinding, scenario: string): FaultTarget[] {
  const names = modality === 'all' ? [...binding.keys()] : typeof modality === 'string' ? [modality] : modality;
  return names.map((name) => {
    const bound = binding.get(name);
    if (bound === undefined) {
      throw new Error(
        `Expected all or some of ${[...binding.keys()].join(', ')} for the modality of scenario ${scenario} ` +
          `but received '${name}'.`,
      );
    }
    return { modality: name, ...bound };
  });
}
