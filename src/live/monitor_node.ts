import { setTimeout as sleep } from 'node:timers/promises';
import { decodeMessage, peekHeader, type RawMessage, type Stamp, stampFromTime, type Time } from '../messages/index.js';
import { LATCHED, type QosProfile, type RosNode } from '../ros/index.js';
import { parseFaultState } from './fault_state.js';
import { WARM_UP_NS } from './judged_masks.js';
import { Observations } from './observations.js';
import { offerOn } from './offer.js';
import { parseJournal } from './relay_journal.js';

export interface MonitorNodeOptions {
  /** Full name of the node to be measured. */
  node: string;
  /** Full name of the fault injector. */
  injector: string;
  /** `start`: the injector is told to begin once masks come steadily; `listen`: somebody else does that, or nobody. */
  role: 'start' | 'listen';
  /** Longest wait for steady masks, seconds. */
  waitSeconds: number;
  /** How long the node is watched after the last scenario, seconds. */
  settleSeconds: number;
  /** How long it is watched in all; until the last scenario, or until stopped, where absent. */
  durationSeconds?: number;
  /** Told what is going on. */
  say: (text: string) => void;
}

interface SemanticMaskHead {
  header: { stamp: Time };
  present_modalities: string[];
  present_stamps: Time[];
}

interface ModalityStatusArray {
  modalities: { name: string; state: number; reason: string }[];
}

interface DiagnosticArray {
  status: { name: string; level: number; message: string }[];
}

/** Masks are judged by each of them: none may be lost because the monitor was busy. */
const DEPTH = 100;
const JOURNAL: QosProfile = { reliability: 'reliable', durability: 'volatile', depth: 200 };
const STRING = 'std_msgs/msg/String';
/** States of mle_sam_ros/ModalityStatus, in the order of their numbers. */
const STATES = ['waiting', 'active', 'late', 'dropped', 'recovering', 'invalid', 'disabled'];
const POLL_MS = 100;
/** Masks are steady when so many in a row are made from the same sensors, and have come for so long. */
const STEADY_MASKS = 5;
const STEADY_NS = 1_000_000_000n;
/** The injector tells in batches what it has relayed. */
const JOURNAL_LAG_MS = 300;

/** Watches a node from outside and keeps what it sees; changes nothing but, where asked to, starts the injector. */
export class MonitorNode {
  readonly seen = new Observations();
  readonly #ros: RosNode;
  readonly #options: MonitorNodeOptions;
  #began: Stamp | undefined;
  /** What is not published yet. */
  readonly #pending: Map<string, { type: string; take: (raw: RawMessage) => void }>;
  #isWatching = true;

  constructor(ros: RosNode, options: MonitorNodeOptions) {
    this.#ros = ros;
    this.#options = options;
    const { node, injector } = options;
    this.#pending = new Map([
      [`${node}/mask`, { type: 'sensor_msgs/msg/Image', take: (raw) => this.#mask(raw) }],
      [
        `${node}/semantic_mask`,
        { type: 'mle_sam_ros/msg/SemanticMask', take: (raw) => this.#composition(decodeMessage(raw)) },
      ],
      [
        `${node}/modality_status`,
        { type: 'mle_sam_ros/msg/ModalityStatusArray', take: (raw) => this.#states(decodeMessage(raw)) },
      ],
      [
        '/diagnostics',
        { type: 'diagnostic_msgs/msg/DiagnosticArray', take: (raw) => this.#diagnostics(decodeMessage(raw)) },
      ],
    ]);
    ros.subscribe(`${injector}/state`, STRING, LATCHED, (data) => {
      const state = parseFaultState(textOf(data));
      if (state !== undefined) this.seen.fault(state, this.#began ?? state.at);
    });
    ros.subscribe(`${injector}/relayed`, STRING, JOURNAL, (data) => {
      const batch = parseJournal(textOf(data));
      if (batch !== undefined) this.seen.relayed(batch);
    });
  }

  /**
   * Watches until all scenarios are over, the time is up, or `stopped` settles.
   * @returns from when to when it watched
   * @throws Error where there is nothing to measure: no injector, no masks, a scenario that is refused
   */
  async watch(stopped: Promise<void>): Promise<{ from: Stamp; to: Stamp }> {
    const { role, durationSeconds, say } = this.#options;
    let isStopped = false;
    void stopped.then(() => {
      isStopped = true;
    });
    const since = performance.now();
    const isOver = () => isStopped || performance.now() - since >= (durationSeconds ?? Infinity) * 1000;
    say(`watching ${this.#options.node}`);
    await this.#untilSteady(isOver);
    if (!isOver()) say('masks come steadily');
    if (role === 'start' && !isOver()) await this.#start();
    while (!isOver() && !this.#isPlayed()) {
      this.#connect();
      await sleep(POLL_MS);
    }
    this.#isWatching = false;
    const to = this.#ros.now();
    await sleep(JOURNAL_LAG_MS);
    return { from: this.#began ?? to, to };
  }

  /** Waits in real time: simulated time may stand still. */
  async #untilSteady(isOver: () => boolean): Promise<void> {
    const limit = performance.now() + this.#options.waitSeconds * 1000;
    while (!isOver() && !(this.#isSteady() && this.seen.faults !== undefined)) {
      this.#connect();
      if (performance.now() > limit) throw this.#nothingToMeasure();
      await sleep(POLL_MS);
    }
  }

  #nothingToMeasure(): Error {
    const { waitSeconds, node, injector } = this.#options;
    const [expected, received, remedy] =
      this.seen.faults === undefined
        ? [`a fault injector at ${injector}`, 'heard nothing', 'start mle-sam inject, or name it with --injector']
        : [
            `steady masks on ${node}/mask`,
            `received ${this.seen.masks.length} masks`,
            'does the node listen to the topics behind the injector, and is --node its name?',
          ];
    return new Error(`Expected ${expected} within ${waitSeconds} s but ${received}: ${remedy}`);
  }

  async #start(): Promise<void> {
    const { injector, waitSeconds, say } = this.#options;
    const type = 'std_srvs/srv/Trigger';
    type Answer = { success: boolean; message: string };
    const { success, message } = await this.#ros.call<object, Answer>(
      `${injector}/start`,
      type,
      {},
      waitSeconds * 1000,
    );
    if (!success) throw new Error(message);
    say(`started ${message}`);
  }

  /** Subscribes to what has appeared since, in the QoS it is offered in. */
  #connect(): void {
    const now = this.#ros.now();
    // Simulated time is 0 until the first /clock.
    if (now === 0n) return;
    this.#began ??= now;
    for (const [topic, { type, take }] of this.#pending) {
      const offer = offerOn(this.#ros, topic, DEPTH);
      if (offer === undefined) continue;
      if (offer.type !== type) throw new Error(`Expected ${type} on ${topic} but it carries ${offer.type}.`);
      this.#ros.subscribe(topic, type, offer.qos, (data) => {
        if (this.#isWatching) take({ topic, type, data, receiveStamp: this.#ros.now() });
      });
      this.#pending.delete(topic);
    }
  }

  #isSteady(): boolean {
    const { masks, compositions, delivered } = this.seen;
    const last = masks.at(-1);
    const [first] = delivered;
    if (last === undefined || first === undefined || masks.length < STEADY_MASKS) return false;
    const made = [...compositions.values()].slice(-STEADY_MASKS).map((composition) => [...composition.keys()].join());
    return new Set(made).size <= 1 && last.at - first.at >= WARM_UP_NS + STEADY_NS;
  }

  #isPlayed(): boolean {
    const { faults, runs } = this.seen;
    const end = runs.at(-1)?.endedAt;
    if (faults?.phase !== 'done' || end === undefined || end === null) return false;
    return this.#ros.now() >= end + nanoseconds(this.#options.settleSeconds);
  }

  #mask(raw: RawMessage): void {
    const header = peekHeader(raw);
    if (header.kind === 'header') this.seen.mask({ stamp: header.stamp, at: raw.receiveStamp });
  }

  #composition({ header, present_modalities, present_stamps }: SemanticMaskHead): void {
    const composition = new Map(
      present_modalities.map((modality, i) => [modality, stampFromTime(present_stamps[i] ?? header.stamp)]),
    );
    this.seen.composition(stampFromTime(header.stamp), composition);
  }

  #states({ modalities }: ModalityStatusArray): void {
    for (const { name, state, reason } of modalities) {
      this.seen.state({ modality: name, state: STATES[state] ?? String(state), reason, at: this.#ros.now() });
    }
  }

  #diagnostics({ status }: DiagnosticArray): void {
    // The node of a namespace puts it into the names: `front/mle_sam: sync`.
    const own = `${this.#options.node.replace(/^\//, '')}:`;
    for (const { name, level, message } of status) {
      if (name.startsWith(own)) this.seen.diagnosis({ name, level, message }, this.#ros.now());
    }
  }
}

function textOf(data: Uint8Array): string {
  return decodeMessage<{ data: string }>({ topic: '', type: STRING, data, receiveStamp: 0n }).data;
}

function nanoseconds(seconds: number): Stamp {
  return BigInt(Math.round(seconds * 1e9));
}
