import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RawMessage } from '../../../src/messages/index.js';
import { Program } from './program.js';
import { type WaitOptions, waitUntil } from './wait_until.js';

/** A message the peer has sent; times in nanoseconds. */
export interface Sent {
  kind: 'sent';
  topic: string;
  /** Undefined for a message without header. */
  stamp: bigint | undefined;
  at: bigint;
}

/** A message the peer has received, with what {@link file://./../peers/rig.py} tells of its type. */
export interface Received<Fields = Record<string, unknown>> {
  topic: string;
  stamp: bigint;
  at: bigint;
  fields: Fields;
}

export interface RigOptions {
  /** What is played, in the order of arrival. */
  messages: readonly RawMessage[];
  /** Seconds of it. */
  loop: number;
  domain: number;
  /** Topics of the node to listen to: `mask`, `/diagnostics`, ... */
  listen: readonly string[];
  /** Further arguments of `peers/rig.py`. */
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
}

/** The rclpy peer that plays sensors and listens to the node. */
export class Rig {
  readonly program: Program;
  readonly #folder: string;
  readonly #sent: Sent[] = [];
  readonly #received: Received[] = [];
  #read = 0;
  #time = 0n;

  constructor({ messages, loop, domain, listen, args = [], env }: RigOptions) {
    this.#folder = mkdtempSync(join(tmpdir(), 'mle-sam-rig-'));
    const file = join(this.#folder, 'messages');
    writeFileSync(file, Buffer.concat(messages.flatMap(record)));
    const all = [file, '--loop', String(loop), ...args, '--listen', ...listen];
    this.program = Program.peer('rig.py', all, domain, env);
  }

  /** Tells the peer what to do and waits until it has. */
  async tell(command: Record<string, unknown>): Promise<void> {
    const from = this.program.lines.length;
    this.program.send(JSON.stringify(command));
    await this.program.line('"obeyed"', { from });
  }

  /** Asks the node through one of its services; questions and answers as in `Manager` of peers/rig.py. */
  async ask<Answer>(question: string, ...args: readonly unknown[]): Promise<Answer> {
    const from = this.program.lines.length;
    this.program.send(JSON.stringify({ ask: [question, ...args] }));
    const line = await this.program.line('"kind": "answer"', { from, deadlineMs: 60_000 });
    return (JSON.parse(line) as { answer: Answer }).answer;
  }

  /**
   * Waits until somebody listens to each of these topics: what is sent before is lost. Simulated time stands still
   * meanwhile, at the beginning of the recording.
   */
  async heardOn(topics: readonly string[]): Promise<void> {
    let unheard: readonly string[] = topics;
    const isHeard = async () => {
      unheard = await this.ask<string[]>('unheard', topics);
      return unheard.length === 0;
    };
    try {
      await waitUntil('listeners on all topics', isHeard, { deadlineMs: 60_000, everyMs: 50 });
    } catch (error) {
      throw new Error(`${(error as Error).message}: nobody listens to ${unheard.join(', ')}`);
    }
  }

  /** The newest stamp that was sent. */
  get time(): bigint {
    this.#parse();
    return this.#time;
  }

  sent(topic: string): Sent[] {
    this.#parse();
    return this.#sent.filter((one) => one.topic === topic);
  }

  received<Fields = Record<string, unknown>>(topic: string): Received<Fields>[] {
    this.#parse();
    return this.#received.filter((one) => one.topic === topic) as Received<Fields>[];
  }

  /** Waits for `count` more messages of a topic than there are, and gives all of them. */
  async more<Fields>(topic: string, count: number, options?: WaitOptions): Promise<Received<Fields>[]> {
    const before = this.received(topic).length;
    const what = `${count} more messages of ${topic}`;
    await waitUntil(what, () => this.received(topic).length >= before + count, options);
    return this.received<Fields>(topic);
  }

  /** What has happened so far is of no interest any more. */
  forget(): void {
    this.#parse();
    this.#sent.length = 0;
    this.#received.length = 0;
  }

  async stop(): Promise<void> {
    await this.program.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #parse(): void {
    const { lines } = this.program;
    for (; this.#read < lines.length; this.#read++) {
      const line = lines[this.#read]!;
      if (!line.startsWith('{')) continue;
      const { kind, topic, stamp, at, ...fields } = JSON.parse(line) as Record<string, string>;
      if (topic === undefined || at === undefined) continue;
      const sensorTime = stamp == null ? undefined : BigInt(stamp);
      if (kind === 'sent' && sensorTime !== undefined) this.#time = sensorTime;
      if (kind === 'sent') this.#sent.push({ kind, topic, stamp: sensorTime, at: BigInt(at) });
      if (kind === 'received') this.#received.push({ topic, stamp: sensorTime ?? 0n, at: BigInt(at), fields });
    }
  }
}

function record({ topic, type, data, receiveStamp }: RawMessage): Uint8Array[] {
  const head = Buffer.from(JSON.stringify({ at: String(receiveStamp), topic, type }));
  const sizes = Buffer.alloc(8);
  sizes.writeUInt32LE(head.length, 0);
  sizes.writeUInt32LE(data.length, 4);
  return [sizes, head, data];
}
