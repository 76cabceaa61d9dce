/** Signals by which a person or a launch file asks a command to end, with the exit status each gives. */
const INTERRUPTS = { SIGINT: 130, SIGTERM: 143 } as const;

type InterruptSignal = keyof typeof INTERRUPTS;

/** Why a run was cut short: the reason of its `AbortSignal`. */
export class Interruption extends Error {
  readonly exitCode: number;

  constructor(signal: InterruptSignal) {
    super(`interrupted by ${signal}`);
    this.name = 'Interruption';
    this.exitCode = INTERRUPTS[signal];
  }
}

/**
 * Runs work that keeps what it has when it is interrupted. The first SIGINT or SIGTERM aborts the signal that the work
 * is given, and the process ends with the signal's own exit status once the work is done; a second one ends it at once.
 * Either way the tasks of `atExit` are done.
 */
export function interruptible<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  return listening(async () => {
    try {
      return await work(controller.signal);
    } finally {
      const { reason } = controller.signal;
      if (reason instanceof Interruption) process.exitCode = reason.exitCode;
    }
  }, controller);
}

/** Runs work that has nothing to keep: SIGINT or SIGTERM ends the process at once, after the tasks of `atExit`. */
export function endedByInterrupt<Result>(work: () => Promise<Result>): Promise<Result> {
  return listening(work, undefined);
}

async function listening<Result>(work: () => Promise<Result>, controller: AbortController | undefined) {
  const listeners = (Object.keys(INTERRUPTS) as InterruptSignal[]).map((name) => {
    const interrupt = () => {
      if (controller === undefined || controller.signal.aborted) process.exit(INTERRUPTS[name]);
      controller.abort(new Interruption(name));
    };
    process.on(name, interrupt);
    return () => process.off(name, interrupt);
  });
  try {
    return await work();
  } finally {
    for (const stop of listeners) stop();
  }
}
