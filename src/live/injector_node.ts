import type { Scenario } from '../faults/index.js';
import { peekHeader, type RawMessage, type Stamp } from '../messages/index.js';
import { LATCHED, type QosProfile, type RosNode, type RosPublisher } from '../ros/index.js';
import { type ControlOutcome, FaultControl } from './fault_control.js';
import type { FaultState } from './fault_state.js';
import { InjectorParameters } from './injector_parameters.js';
import { renderJson } from './json.js';
import { RelayJournal } from './relay_journal.js';
import { bindingOf, type RelayedTopic } from './relayed_topic.js';
import type { ScenarioLibrary } from './scenario_library.js';
import { TopicRelay } from './topic_relay.js';

export interface InjectorNodeOptions {
  topics: readonly RelayedTopic[];
  /** Played one after another. */
  scenarios: readonly Scenario[];
  /** What the parameter `scenario` may name. */
  library: ScenarioLibrary;
  /** `at-once`: as soon as every topic has sent a message; `on-trigger`: when the service `~/start` is called. */
  begin: 'at-once' | 'on-trigger';
  /** With `at-once`, seconds from then to the first scenario's second 0. */
  delaySeconds: number;
  /** Seconds from the end of a scenario to the next one's second 0. */
  pauseSeconds: number;
  seed: number;
}

/** How often what is held back is looked at; finer than any sensor's period. */
const TICK_MS = 5;
const CONNECT_EVERY_MS = 200;
const JOURNAL_EVERY_MS = 50;
const STATE_EVERY_MS = 1000;
/** A monitor that is busy for seconds still gets every entry. */
const JOURNAL_QOS: QosProfile = { reliability: 'reliable', durability: 'volatile', depth: 200 };
const STRING = 'std_msgs/msg/String';
const TRIGGER = 'std_srvs/srv/Trigger';
const MAX_PROBLEMS = 20;
/** How long a topic may be silent at the start before that is told. */
const PATIENCE_MS = 10_000;

/**
 * The ROS side of fault injection: relays sensor topics as bytes through {@link FaultControl}, offers its controls as
 * parameters and services, and publishes its state. CameraInfo and transforms are not relayed: they stay where they are.
 */
export class InjectorNode {
  readonly #ros: RosNode;
  readonly #options: InjectorNodeOptions;
  readonly #control: FaultControl;
  readonly #relays = new Map<string, TopicRelay>();
  readonly #counts = new Map<string, { received: number; sent: number }>();
  readonly #journal = new RelayJournal();
  readonly #parameters: InjectorParameters;
  readonly #statePublisher: RosPublisher;
  readonly #journalPublisher: RosPublisher;
  readonly #problems: string[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #createdAtMs = performance.now();
  #lastSignature = '';
  #lastTick: Stamp = 0n;
  #hasBegun: boolean;

  /** @throws Error where a scenario does not fit the topics, or ROS lacks something */
  constructor(ros: RosNode, options: InjectorNodeOptions) {
    this.#ros = ros;
    this.#options = options;
    const { topics, scenarios, library, seed, pauseSeconds } = options;
    this.#hasBegun = options.begin === 'on-trigger' || scenarios.length === 0;
    this.#control = new FaultControl({
      binding: bindingOf(topics),
      seed,
      pauseNs: nanoseconds(pauseSeconds),
      send: (modality, message) => this.#send(modality, message),
      problem: (text) => this.#problem(text),
    });
    for (const topic of topics) {
      const { modality } = topic;
      this.#counts.set(modality, { received: 0, sent: 0 });
      this.#relays.set(modality, new TopicRelay(ros, topic, (type, data) => this.#receive(topic, type, data)));
    }
    this.#statePublisher = ros.advertise('~/state', STRING, LATCHED);
    this.#journalPublisher = ros.advertise('~/relayed', STRING, JOURNAL_QOS);
    const modalities = topics.map(({ modality }) => modality);
    const now = () => ros.now();
    const changed = () => this.#tick();
    this.#parameters = new InjectorParameters(ros, { control: this.#control, library, modalities, seed, now, changed });
    if (scenarios.length > 0) {
      const loaded = this.#control.load(scenarios);
      if (loaded.kind === 'refused') throw new Error(loaded.reason);
    }
    ros.serve('~/start', TRIGGER, () => this.#answer(this.#control.start(ros.now())));
    ros.serve('~/stop', TRIGGER, () => {
      const outcome = this.#control.stop(ros.now());
      this.#parameters.clearFaults();
      return this.#answer(outcome);
    });
    this.#connect();
    this.#timers.push(
      setInterval(() => this.#tick(), TICK_MS),
      setInterval(() => this.#connect(), CONNECT_EVERY_MS),
      setInterval(() => this.#publishJournal(), JOURNAL_EVERY_MS),
      setInterval(() => this.#publishState(), STATE_EVERY_MS),
    );
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const relay of this.#relays.values()) relay.close();
  }

  #receive({ modality, from }: RelayedTopic, type: string, data: Uint8Array): void {
    const receiveStamp = this.#ros.now();
    const message: RawMessage = { topic: from, type, data, receiveStamp };
    this.#counts.get(modality)!.received++;
    const header = peekHeader(message);
    if (header.kind === 'header') this.#journal.received({ modality, stamp: header.stamp, at: receiveStamp });
    this.#control.receive(modality, message);
  }

  #send(modality: string, message: RawMessage): void {
    this.#relays.get(modality)!.send(message.data);
    this.#counts.get(modality)!.sent++;
    const header = peekHeader(message);
    if (header.kind === 'header') this.#journal.sent({ modality, stamp: header.stamp, at: this.#ros.now() });
  }

  #tick(): void {
    const now = this.#ros.now();
    if (now < this.#lastTick) {
      this.#problem('Expected time to go on but /clock went back: what was in progress is stopped.');
      this.#control.stop(now);
    }
    this.#lastTick = now;
    this.#control.advance(now);
    const { phase, active, runs } = this.#control.status(now);
    const signature = [phase, runs.length, ...active.map(({ modality, fault }) => `${modality} ${fault}`)].join();
    if (signature === this.#lastSignature) return;
    this.#lastSignature = signature;
    const failing = active.map(({ modality, fault }) => `${modality}: ${fault}`).join(', ');
    this.#ros.log.info(`${phase}${phase === 'running' ? ` ${runs.at(-1)!.name}` : ''}; ${failing || 'nothing'} fails`);
    this.#publishState();
  }

  #connect(): void {
    // Simulated time is 0 until the first /clock.
    if (this.#ros.now() === 0n) return;
    for (const relay of this.#relays.values()) {
      if (relay.type !== undefined) continue;
      try {
        relay.connect();
      } catch (error) {
        this.#problem((error as Error).message);
      }
      const { from, to } = relay.topic;
      if (relay.type !== undefined) this.#ros.log.info(`relaying ${from} (${relay.type}) to ${to}`);
    }
    if (this.#hasBegun) return;
    const silent = [...this.#relays.values()].filter(({ topic }) => this.#counts.get(topic.modality)!.received === 0);
    if (silent.length > 0) {
      if (performance.now() - this.#createdAtMs > PATIENCE_MS) {
        this.#problem(
          `Expected a message on every topic to begin but nothing has come on ${silent.map(({ topic }) => topic.from).join(', ')}: ` +
            'leave it out with --topic, or begin with ~/start.',
        );
      }
      return;
    }
    this.#hasBegun = true;
    const { scenarios, delaySeconds } = this.#options;
    this.#control.load(scenarios, this.#ros.now() + nanoseconds(delaySeconds));
  }

  #publishState(): void {
    const state: FaultState = {
      ...this.#control.status(this.#ros.now()),
      topics: [...this.#relays].map(([modality, { topic, type }]) => ({
        modality,
        from: topic.from,
        to: topic.to,
        type: type ?? null,
        ...this.#counts.get(modality)!,
        overruns: this.#control.overruns(modality),
      })),
      problems: this.#problems,
    };
    this.#statePublisher.publish({ data: renderJson(state) });
  }

  #publishJournal(): void {
    const batch = this.#journal.take();
    if (batch !== undefined) this.#journalPublisher.publish({ data: batch });
  }

  #answer(outcome: ControlOutcome): { success: boolean; message: string } {
    this.#tick();
    const name = this.#control.status(this.#ros.now()).runs.at(-1)?.name ?? '';
    return outcome.kind === 'accepted' ? { success: true, message: name } : { success: false, message: outcome.reason };
  }

  /** Each problem is told once. */
  #problem(text: string): void {
    if (this.#problems.includes(text)) return;
    this.#problems.push(text);
    if (this.#problems.length > MAX_PROBLEMS) this.#problems.shift();
    this.#ros.log.warn(text);
  }
}

function nanoseconds(seconds: number): Stamp {
  return BigInt(Math.round(seconds * 1e9));
}
