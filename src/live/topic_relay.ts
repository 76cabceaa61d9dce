import type { RosNode, RosPublisher, RosSubscription } from '../ros/index.js';
import { offerOn } from './offer.js';
import type { RelayedTopic } from './relayed_topic.js';

/** Queue lengths, which the graph does not tell: event packets come in hundreds a second. */
const DEPTH = { camera: 10, depth: 10, lidar: 10, events: 200 } as const;

/**
 * A subscription to a sensor's topic and a publisher to where its messages go on, in the type and QoS the sensor's own
 * publisher has. They exist as soon as that one does.
 */
export class TopicRelay {
  readonly topic: RelayedTopic;
  readonly #ros: RosNode;
  readonly #onMessage: (type: string, data: Uint8Array) => void;
  #type: string | undefined;
  #subscription: RosSubscription | undefined;
  #publisher: RosPublisher | undefined;

  constructor(ros: RosNode, topic: RelayedTopic, onMessage: (type: string, data: Uint8Array) => void) {
    this.#ros = ros;
    this.topic = topic;
    this.#onMessage = onMessage;
  }

  /** Undefined while nobody publishes there. */
  get type(): string | undefined {
    return this.#type;
  }

  /**
   * Connects if the sensor's topic has appeared; to be called until {@link type} is known.
   * @throws Error where the topic has several types, or one whose package is not installed
   */
  connect(): void {
    if (this.#type !== undefined) return;
    const { from, to, kind } = this.topic;
    const offer = offerOn(this.#ros, from, DEPTH[kind]);
    if (offer === undefined) return;
    const { type, qos } = offer;
    this.#publisher = this.#ros.advertise(to, type, qos);
    this.#subscription = this.#ros.subscribe(from, type, qos, (data) => this.#onMessage(type, data));
    this.#type = type;
  }

  send(data: Uint8Array): void {
    this.#publisher?.publishEncoded(data);
  }

  close(): void {
    this.#subscription?.close();
    this.#publisher?.close();
  }
}
