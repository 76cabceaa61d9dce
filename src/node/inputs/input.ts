import { peekHeader, type RawMessage, type Stamp } from '../../messages/index.js';
import { type QosProfile, qosConflicts, type RosNode, type RosSubscription } from '../../ros/index.js';
import { TopicMeter, type TopicReport } from '../diagnostics/index.js';
import { chooseInput, type WantedInput } from './choose_input.js';

export interface InputOptions extends WantedInput {
  /** Name under which its messages are handed on, whatever the name they came by. */
  name: string;
  qos: QosProfile;
  ros: RosNode;
  onMessage: (message: RawMessage) => void;
  /** Told once of what is wrong: a type nobody can read, a package that is missing. */
  onProblem: (text: string) => void;
}

/** One topic that is read: subscribes once it is known what is published there, and follows when that changes. */
export class Input {
  readonly #options: InputOptions;
  readonly #meter = new TopicMeter();
  #subscription: RosSubscription | undefined;
  #problem: string | undefined;

  constructor(options: InputOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Looks at the graph and subscribes, anew where the publishers were replaced by others. */
  check(): void {
    const { ros } = this.#options;
    const typesOf = (topic: string) => ros.publishersOf(topic).map(({ type }) => type);
    const current = this.#subscription;
    if (current !== undefined && typesOf(current.topic).includes(current.type)) return;
    const choice = chooseInput(this.#options, typesOf);
    if (choice.kind === 'unsuitable') this.#complain(choice.reason);
    if (choice.kind !== 'found' || (current?.topic === choice.topic && current.type === choice.type)) return;
    this.#subscribe(choice.topic, choice.type);
  }

  report(now: Stamp): Omit<TopicReport, 'purpose' | 'modality'> {
    const { ros, topic, qos } = this.#options;
    const subscribed = this.#subscription;
    const publishers = ros.publishersOf(subscribed?.topic ?? topic);
    const conflicts = publishers.flatMap((publisher) =>
      qosConflicts(publisher.qos, qos).map((conflict) => `${publisher.node} (${conflict})`),
    );
    return {
      topic: subscribed?.topic ?? topic,
      type: subscribed?.type,
      publishers: publishers.length,
      conflicts,
      problem: this.#problem,
      ...this.#meter.figures(now),
    };
  }

  close(): void {
    this.#subscription?.close();
    this.#subscription = undefined;
  }

  #subscribe(topic: string, type: string): void {
    const { ros, qos } = this.#options;
    this.close();
    try {
      this.#subscription = ros.subscribe(topic, type, qos, (data) => this.#receive(type, data));
      this.#problem = undefined;
    } catch (error) {
      this.#complain((error as Error).message);
    }
  }

  #receive(type: string, data: Uint8Array): void {
    const { ros, name, onMessage } = this.#options;
    const message = { topic: name, type, data, receiveStamp: ros.now() };
    const header = peekHeader(message);
    const stamp = header.kind === 'header' ? header.stamp : undefined;
    this.#meter.note(message.receiveStamp, stamp, data.byteLength);
    onMessage(message);
  }

  #complain(problem: string): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.onProblem(problem);
  }
}
