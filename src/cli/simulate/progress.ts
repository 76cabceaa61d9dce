import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  update(done: number): void;
  stop(): void;
}

/** A bar on standard error while that is a terminal; nothing elsewhere, so that logs stay readable. */
export function createSimulationProgress(total: number): Progress {
  const format = ' {bar} {percentage}% | {eta_formatted} left';
  const bar = new SingleBar({ format, stream: process.stderr, noTTYOutput: false }, Presets.shades_classic);
  bar.start(total, 0);
  return {
    update: (done) => bar.update(done),
    stop: () => bar.stop(),
  };
}
