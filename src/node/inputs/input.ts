import { peekHeader, type RawMessage, type Stamp } from '../../messages/index.js';
import {
  type GraphPublisher,
  type QosProfile,
  qosConflicts,
  type RosNode,
  type RosSubscription,
} from '../../ros/index.js';
import type { ArrivalClock } from '../arrival_clock.js';
import { TopicMeter, type TopicReport } from '../diagnostics/index.js';
import { chooseInput, type WantedInput } from './choose_input.js';

export interface InputOptions extends WantedInput {
  /** Name under which its messages are handed on, whatever the name they came by. */
  name: string;
  qos: QosProfile;
  ros: RosNode;
  /** Messages are received by. */
  clock: Pick<ArrivalClock, 'now'>;
  onMessage: (message: RawMessage) => void;
  /** Told once of what is wrong: a type nobody can read, a package that is missing. */
  onProblem: (text: string) => void;
}

/** What is lost is told for as long as rates are measured over. */
const LATELY_MS = 5000;

/** One topic that is read: subscribes once it is known what is published there, and follows when that changes. */
export class Input {
  readonly #options: InputOptions;
  readonly #meter = new TopicMeter();
  #subscription: RosSubscription | undefined;
  /** While nothing is to be read, the topic that was. */
  #resting: { topic: string } | undefined;
  /** Whether it has been read without a break since its last message. */
  #flow: 'unbroken' | 'broken' = 'unbroken';
  /** Of the topic, as of the last look at the graph. */
  #publishers: readonly GraphPublisher[] = [];
  #problem: string | undefined;
  #receivedSinceCheck = 0;
  #lost = 0;
  /** Of the last seconds. */
  #losses: { atMs: number; count: number }[] = [];

  constructor(options: InputOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Whether messages have come since the last {@link check}: then there is no other topic to look for. */
  get isFlowing(): boolean {
    return this.#receivedSinceCheck > 0;
  }

  /** Looks at the graph and subscribes, anew where the publishers were replaced by others. */
  check(): void {
    const { ros, topic } = this.#options;
    this.#receivedSinceCheck = 0;
    const current = this.#subscription;
    this.#publishers = ros.publishersOf(current?.topic ?? this.#resting?.topic ?? topic);
    if (this.#resting !== undefined) return;
    if (current !== undefined && this.#publishers.some(({ type }) => type === current.type)) return;
    const choice = chooseInput(this.#options, (name) => ros.publishersOf(name).map(({ type }) => type));
    if (choice.kind === 'unsuitable') this.#complain(choice.reason);
    if (choice.kind !== 'found' || (current?.topic === choice.topic && current.type === choice.type)) return;
    this.#subscribe(choice.topic, choice.type);
  }

  report(now: Stamp): Omit<TopicReport, 'purpose' | 'modality'> {
    const { topic, qos } = this.#options;
    const subscribed = this.#subscription;
    const publishers = this.#publishers;
    const conflicts = publishers.flatMap((publisher) =>
      qosConflicts(publisher.qos, qos).map((conflict) => `${publisher.node} (${conflict})`),
    );
    return {
      topic: subscribed?.topic ?? topic,
      type: subscribed?.type,
      publishers: publishers.length,
      publisherNodes: publishers.map(({ node }) => node),
      lost: this.#lost,
      lostLately: this.#lostSince(performance.now() - LATELY_MS),
      conflicts,
      problem: this.#problem,
      ...this.#meter.figures(now),
    };
  }

  /** How many publish, as of the last {@link check}. */
  get publishers(): number {
    return this.#publishers.length;
  }

  /** Lets go of the topic; who publishes there is looked up all the same. */
  rest(): void {
    this.#resting ??= { topic: this.#subscription?.topic ?? this.#options.topic };
    this.close();
  }

  /** Reads the topic again. */
  listen(): void {
    if (this.#resting === undefined) return;
    this.#resting = undefined;
    this.#flow = 'broken';
    this.check();
  }

  close(): void {
    this.#subscription?.close();
    this.#subscription = undefined;
  }

  #subscribe(topic: string, type: string): void {
    const { ros, qos } = this.#options;
    this.close();
    try {
      this.#subscription = ros.subscribe(topic, type, qos, {
        onMessage: (data) => this.#receive(type, data),
        onLost: (count) => this.#noteLoss(count),
      });
      this.#problem = undefined;
    } catch (error) {
      this.#complain((error as Error).message);
    }
  }

  #receive(type: string, data: Uint8Array): void {
    const { clock, name, onMessage } = this.#options;
    this.#receivedSinceCheck++;
    const message = { topic: name, type, data, receiveStamp: clock.now() };
    const header = peekHeader(message);
    const stamp = header.kind === 'header' ? header.stamp : undefined;
    if (this.#flow === 'broken') this.#meter.startOver();
    this.#flow = 'unbroken';
    this.#meter.note(message.receiveStamp, stamp, data.byteLength);
    onMessage(message);
  }

  #noteLoss(count: number): void {
    this.#lost += count;
    this.#losses.push({ atMs: performance.now(), count });
  }

  #lostSince(sinceMs: number): number {
    this.#losses = this.#losses.filter(({ atMs }) => atMs >= sinceMs);
    return this.#losses.reduce((sum, { count }) => sum + count, 0);
  }

  #complain(problem: string): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.onProblem(problem);
  }
}
