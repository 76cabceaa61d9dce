import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type WaitOptions, waitUntil } from './wait_until.js';

export interface ProgramOptions {
  /** Environment variables on top of those of the tests. */
  env?: Readonly<Record<string, string>>;
  cwd?: string;
}

/** How a program ended; neither code nor signal if it could not be started. */
export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
}

const running = new Set<Program>();

// The last resort, e.g. when mocha gives up on a test: nothing outlives the process of the tests.
process.on('exit', () => {
  for (const program of running) program.kill();
});

/**
 * A program beside the test, e.g. a node or an rclpy peer: its output is kept line by line, and it and what it started
 * are killed surely at the end.
 */
export class Program {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #lines: string[] = [];
  readonly #ended: Promise<Ending>;
  #ending: Ending | undefined;

  private constructor(name: string, child: ChildProcess) {
    this.#name = name;
    this.#child = child;
    running.add(this);
    for (const stream of [child.stdout!, child.stderr!]) {
      let rest = '';
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop()!;
        this.#lines.push(...lines);
      });
      stream.on('end', () => {
        if (rest !== '') this.#lines.push(rest);
      });
    }
    this.#ended = new Promise((resolve) => {
      const end = (ending: Ending) => {
        running.delete(this);
        this.#ending = ending;
        resolve(ending);
      };
      child.once('close', (code, signal) => end({ code, signal }));
      child.once('error', (error) => {
        this.#lines.push(error.message);
        end({ code: null, signal: null });
      });
    });
  }

  static start(command: string, args: readonly string[], { env = {}, cwd }: ProgramOptions = {}): Program {
    // A process group of its own, so that grandchildren (a launched node, a worker) are reached as well.
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      ...(cwd === undefined ? {} : { cwd }),
    });
    return new Program([command, ...args].join(' '), child);
  }

  /** An rclpy peer: a script of `test/ros/peers`, started by the Python of the ROS environment. */
  static peer(
    script: string,
    args: readonly string[],
    domain: number,
    env: Readonly<Record<string, string>> = {},
  ): Program {
    const path = fileURLToPath(new URL(`peers/${script}`, testFolder));
    return Program.start('python', ['-u', path, ...args], { env: { ...env, ROS_DOMAIN_ID: String(domain) } });
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`Expected ${this.#name} to start but it did not`);
    return pid;
  }

  /** Everything it has printed so far, standard output and standard error in the order of arrival. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** How it ended; undefined while it runs. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** Writes a line to its standard input. */
  send(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  /** The first printed line that contains `text`, from line `from` on; fails as soon as the program ends without it. */
  async line(text: string, options: WaitOptions & { from?: number } = {}): Promise<string> {
    try {
      return await waitUntil(
        `"${text}" from ${this.#name}`,
        () => {
          // Asked before the lines: what it printed last arrives before its end does.
          const ended = this.#ending !== undefined;
          const found = this.#lines.slice(options.from ?? 0).find((line) => line.includes(text));
          if (found === undefined && ended) throw new Error(`Expected "${text}" but ${this.#name} ended without it`);
          return found;
        },
        options,
      );
    } catch (error) {
      throw new Error(`${(error as Error).message}. Its output:\n${this.#lines.slice(-60).join('\n')}`);
    }
  }

  /** Sends a signal to the program itself. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for its end. */
  async end({ deadlineMs = 60_000 }: WaitOptions = {}): Promise<Ending> {
    await waitUntil(`the end of ${this.#name}`, () => this.#ending !== undefined, { deadlineMs });
    return this.#ended;
  }

  /** SIGTERM, and SIGKILL for it and everything it started when that does not end it in time. */
  async stop({ deadlineMs = 5_000 }: WaitOptions = {}): Promise<Ending> {
    this.signal('SIGTERM');
    try {
      await this.end({ deadlineMs });
    } catch {
      // It did not listen; what comes next it cannot ignore.
    }
    this.kill();
    return this.#ended;
  }

  /** SIGKILL for the program and everything it started. */
  kill(): void {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // The group is gone already.
    }
  }
}

/** `test/ros` in the sources, seen from the source and from the compiled file alike. */
const testFolder = new URL(import.meta.url.includes('/dist/test/') ? '../../../../test/ros/' : '../', import.meta.url);
