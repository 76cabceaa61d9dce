import type { NodeSettings } from '../../configuration/index.js';
import { TRANSFORM_TOPICS } from '../../configuration/topics.js';
import type { RawMessage, Stamp } from '../../messages/index.js';
import { ownValue } from '../../records/own_value.js';
import type { QosProfile, RosNode } from '../../ros/index.js';
import type { ArrivalClock } from '../arrival_clock.js';
import type { TopicReport } from '../diagnostics/index.js';
import { Input } from './input.js';

export interface InputsOptions {
  ros: RosNode;
  /** Messages are received by. */
  clock: Pick<ArrivalClock, 'now'>;
  settings: NodeSettings;
  onMessage: (message: RawMessage) => void;
  onProblem: (text: string) => void;
  /** Told where drivers come or go while nothing is read. */
  onDriversChange: () => void;
}

interface Entry {
  purpose: TopicReport['purpose'];
  modality: string | undefined;
  input: Input;
}

/** As tf2's listeners have it. */
const TF_QOS: QosProfile = { reliability: 'reliable', durability: 'volatile', depth: 100 };
const TF_STATIC_QOS: QosProfile = { reliability: 'reliable', durability: 'transient_local', depth: 100 };
/** Drivers publish it reliably or not; a best-effort subscription hears both. */
const CAMERA_INFO_QOS: QosProfile = { reliability: 'best_effort', durability: 'volatile', depth: 5 };
/** State estimators publish it reliably or not, up to some hundred times a second. */
const ODOMETRY_QOS: QosProfile = { reliability: 'best_effort', durability: 'volatile', depth: 50 };
/** A driver that just came up is found this soon; then its camera has missed a frame or two. */
const CHECK_INTERVAL_MS = 200;
/** What messages come from, and what is subscribed to whoever publishes, is looked at for the diagnostics only: one check in five. */
const SELDOM = 5;

/**
 * All topics the node reads: a modality's own while it is enabled, every CameraInfo (the grid stays where its camera is
 * switched off), and transforms.
 */
export class Inputs {
  readonly #options: InputsOptions;
  readonly #sensors = new Map<string, Input>();
  readonly #others: Entry[] = [];
  readonly #timer: NodeJS.Timeout;
  #checks = 0;
  #state: 'listening' | 'resting' = 'listening';

  constructor(options: InputsOptions) {
    this.#options = options;
    const { settings } = options;
    this.#addTransforms(TRANSFORM_TOPICS.static, TF_STATIC_QOS);
    this.#addTransforms(TRANSFORM_TOPICS.dynamic, TF_QOS);
    const { odometryTopic } = settings.pipeline.motion;
    if (odometryTopic !== undefined) this.#addOdometry(odometryTopic);
    for (const [modality, { cameraInfoTopic }] of settings.inputs) {
      if (cameraInfoTopic !== undefined) this.#addCameraInfo(modality, cameraInfoTopic);
    }
    this.select(settings);
    this.#timer = setInterval(() => this.#check(), CHECK_INTERVAL_MS);
  }

  /** Subscribes to the modalities that are enabled and lets go of the others. */
  select(settings: NodeSettings): void {
    for (const modality of settings.inputs.keys()) {
      const isWanted = ownValue(settings.pipeline.sync.streams, modality)?.availability !== 'disabled';
      const input = this.#sensors.get(modality);
      if (isWanted && input === undefined) this.#addSensor(modality);
      if (isWanted || input === undefined) continue;
      input.close();
      this.#sensors.delete(modality);
    }
  }

  get state(): 'listening' | 'resting' {
    return this.#state;
  }

  /** Lets go of all that costs something while nobody needs it: of everything but what never changes. */
  rest(): void {
    this.#state = 'resting';
    for (const input of this.#perishable) input.rest();
  }

  /** Reads everything again. */
  listen(): void {
    this.#state = 'listening';
    for (const input of this.#perishable) input.listen();
  }

  get #perishable(): Input[] {
    const { ros } = this.#options;
    const lasting = ros.resolve(TRANSFORM_TOPICS.static);
    return [...this.#sensors.values(), ...this.#others.map(({ input }) => input)].filter(
      ({ name }) => name !== lasting,
    );
  }

  report(now: Stamp): TopicReport[] {
    const sensors: Entry[] = [...this.#sensors].map(([modality, input]) => ({ purpose: 'sensor', modality, input }));
    return [...sensors, ...this.#others].map(({ purpose, modality, input }) => ({
      purpose,
      modality,
      ...input.report(now),
    }));
  }

  close(): void {
    clearInterval(this.#timer);
    for (const input of this.#sensors.values()) input.close();
    for (const { input } of this.#others) input.close();
  }

  #addSensor(modality: string): void {
    const { ros, clock, settings, onMessage, onProblem } = this.#options;
    const { topic, role, messageType, qos } = settings.inputs.get(modality)!;
    const name = ros.resolve(topic);
    const input = new Input({
      name,
      topic: name,
      accepts: messageType === 'auto' ? { kind: 'role', role } : { kind: 'type', type: messageType, role },
      qos: { ...qos, durability: 'volatile' },
      ros,
      clock,
      onMessage,
      onProblem: (text) => onProblem(`${modality}: ${text}.`),
    });
    if (this.#state === 'resting') input.rest();
    input.check();
    this.#sensors.set(modality, input);
  }

  #addCameraInfo(modality: string, topic: string): void {
    const name = this.#options.ros.resolve(topic);
    // One CameraInfo may serve several modalities.
    if (this.#others.some(({ input }) => input.name === name)) return;
    this.#add({ purpose: 'camera-info', modality }, name, name, 'sensor_msgs/msg/CameraInfo', CAMERA_INFO_QOS);
  }

  #addTransforms(name: string, qos: QosProfile): void {
    const topic = this.#options.ros.resolve(name);
    // Whatever it was remapped to: the name says which transforms never change.
    this.#add({ purpose: 'transforms', modality: undefined }, name, topic, 'tf2_msgs/msg/TFMessage', qos);
  }

  #addOdometry(name: string): void {
    const topic = this.#options.ros.resolve(name);
    this.#add({ purpose: 'odometry', modality: undefined }, name, topic, 'nav_msgs/msg/Odometry', ODOMETRY_QOS);
  }

  #add(entry: Omit<Entry, 'input'>, name: string, topic: string, type: string, qos: QosProfile): void {
    const { ros, clock, onMessage, onProblem } = this.#options;
    const input = new Input({ name, topic, accepts: { kind: 'type', type }, qos, ros, clock, onMessage, onProblem });
    input.check();
    this.#others.push({ ...entry, input });
  }

  #check(): void {
    const isSeldom = this.#checks++ % SELDOM === 0;
    if (this.#state === 'resting') {
      if (isSeldom) this.#watchDrivers();
      return;
    }
    for (const input of this.#sensors.values()) if (isSeldom || !input.isFlowing) input.check();
    if (isSeldom) for (const { input } of this.#others) input.check();
  }

  #watchDrivers(): void {
    let hasChanged = false;
    for (const input of this.#sensors.values()) {
      const before = input.publishers;
      input.check();
      hasChanged ||= input.publishers !== before;
    }
    if (hasChanged) this.#options.onDriversChange();
  }
}
