import { type ChildProcess, fork } from 'node:child_process';

/** In the environment of a process that is handed its units by another one. */
const MARK = 'MLE_SAM_UNITS_FROM_PARENT';

/** How a worker process is started: the same command as this one's. */
export interface WorkerCommand {
  program: string;
  args: readonly string[];
}

type FromWorker = { kind: 'next' } | { kind: 'failed'; message: string };
type FromParent = { kind: 'unit'; index: number } | { kind: 'end' };

/** Whether this process is to do units for another one. */
export function isUnitWorker(): boolean {
  return process.env[MARK] !== undefined && process.send !== undefined;
}

/**
 * Hands units to worker processes, each the next one as it is done with the one before, and waits until all are done.
 * @param onUnit - called as each is done
 * @throws Error in one sentence naming what ended a worker; the others finish what they have begun
 */
export async function workApart(
  units: readonly { index: number; name: string }[],
  { jobs, command }: { jobs: number; command: WorkerCommand },
  signal: AbortSignal,
  onUnit: () => void,
): Promise<void> {
  const waiting = [...units];
  const failures: Error[] = [];
  const workers = Array.from({ length: Math.min(jobs, units.length) }, () =>
    runWorker(command, {
      next: () => (signal.aborted || failures.length > 0 ? undefined : waiting.shift()),
      done: onUnit,
      signal,
    }).catch((error: Error) => {
      failures.push(error);
    }),
  );
  await Promise.all(workers);
  signal.throwIfAborted();
  if (failures[0] !== undefined) throw failures[0];
}

interface Handing {
  next: () => { index: number; name: string } | undefined;
  done: () => void;
  signal: AbortSignal;
}

function runWorker({ program, args }: WorkerCommand, { next, done, signal }: Handing): Promise<void> {
  const child = fork(program, args, {
    env: { ...process.env, [MARK]: '1' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  // A signal for this process alone is meant for all of them.
  const end = () => child.kill('SIGTERM');
  signal.addEventListener('abort', end);
  let current: { index: number; name: string } | undefined;
  let reason: string | undefined;
  child.on('message', (message: FromWorker) => {
    if (message.kind === 'failed') {
      reason = message.message;
      return;
    }
    if (current !== undefined) done();
    current = next();
    tell(child, current === undefined ? { kind: 'end' } : { kind: 'unit', index: current.index });
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (status, killedBy) => {
      signal.removeEventListener('abort', end);
      if (current === undefined && status === 0) return resolve();
      const how = killedBy === null ? `with status ${status}` : `by ${killedBy}`;
      const doing = current === undefined ? '' : ` while it worked on ${current.name}`;
      const ended = `A worker process ended ${how}${doing}. Start the command again: what is done is kept.`;
      reject(new Error(reason ?? ended));
    });
  });
}

function tell(child: ChildProcess, message: FromParent): void {
  // One that has just ended is met by its exit.
  child.send(message, () => undefined);
}

/** The units that the parent hands to this process. Ends the process where the parent is gone. */
export async function* unitsFromParent(): AsyncGenerator<number> {
  const received: FromParent[] = [];
  let wake = () => {};
  const receive = (message: FromParent) => {
    received.push(message);
    wake();
  };
  process.on('message', receive);
  // Nobody would hand out another one; a unit that is half done does not appear.
  const end = () => process.exit(1);
  process.on('disconnect', end);
  try {
    for (;;) {
      process.send!({ kind: 'next' } satisfies FromWorker);
      while (received.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const message = received.shift()!;
      if (message.kind === 'end') return;
      yield message.index;
    }
  } finally {
    process.off('message', receive);
    process.off('disconnect', end);
  }
}

/** Tells the parent in one sentence why this process ends. */
export function failToParent(message: string): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) return resolve();
    process.send!({ kind: 'failed', message } satisfies FromWorker, () => resolve());
  });
}
