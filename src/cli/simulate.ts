import { Command, InvalidArgumentError, Option } from 'commander';
import {
  type DriveDescription,
  type DriveMotion,
  driveSeconds,
  loadDrive,
  PRESETS,
  SPLITS,
  type Split,
  stretchDrive,
  VARIETIES,
  type Variety,
  writeDataset,
  writeDrive,
} from '../simulation/index.js';
import { interruptible } from './interrupts.js';
import { wholeNumberFrom } from './numbers.js';
import { print } from './output.js';
import { createSimulationProgress } from './simulate/progress.js';

interface SimulateOptions {
  seed: number;
  layout: 'bag' | 'deliver';
  drive: string;
  motion: DriveMotion;
  duration?: number;
  frames: number;
  split?: Split;
  variety: Variety;
  workers: number;
  force?: true;
}

/** Of the frames of a data set, the shares of its splits. */
const SPLIT_SHARES: Readonly<Record<Split, number>> = { train: 0.8, val: 0.1, test: 0.1 };

/**
 * `mle-sam simulate OUT`: a drive through a generated street as a bag, or a data set in DELIVER's layout.
 * @param write - where the result is told; standard output by default
 */
export function simulateCommand(write: (text: string) => void = print): Command {
  return new Command('simulate')
    .description('drive a simulated car through a street and record its sensors, as a bag or as a data set')
    .argument('<out>', 'bag: file ending in .mcap or folder; deliver: root folder of the data set')
    .addOption(new Option('--layout <layout>', 'what to write').choices(['bag', 'deliver']).default('bag'))
    .option('--seed <number>', 'the same seed gives the same bytes', wholeNumberFrom(0), 1)
    .option('--drive <drive>', `bag: ${Object.keys(PRESETS).join(', ')}, or a YAML file`, 'sample')
    .addOption(
      new Option('--motion <motion>', 'bag: told: the LiDAR spins, points tell their time, and /odom the pose')
        .choices(['still', 'told'])
        .default('still'),
    )
    .option('--duration <seconds>', 'bag: scale the drive to this length', positiveNumber)
    .option('--frames <count>', 'deliver: frames of the whole set, or of the split', wholeNumberFrom(1), 100)
    .addOption(new Option('--split <split>', 'deliver: write only this split').choices([...SPLITS]))
    .addOption(
      new Option(
        '--variety <variety>',
        'deliver: plain: scenes as in a bag; wide: looks, light, lenses and mounts vary',
      )
        .choices([...VARIETIES])
        .default('plain'),
    )
    .option('--workers <count>', 'deliver: threads that render', wholeNumberFrom(1), 2)
    .option('--force', 'replace a bag, or a data set of another seed or origin')
    .action((out: string, options: SimulateOptions) =>
      interruptible((signal) =>
        options.layout === 'bag'
          ? simulateBag(out, options, write, signal)
          : simulateDataset(out, options, write, signal),
      ),
    );
}

async function simulateBag(
  out: string,
  options: SimulateOptions,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const described = await loadDrive(options.drive);
  const drive = options.duration === undefined ? described : stretchDrive(described, options.duration);
  const progress = createSimulationProgress(1);
  try {
    const { messages, path } = await writeDrive(out, {
      drive,
      seed: options.seed,
      motion: options.motion,
      overwriting: options.force ? 'any' : 'own',
      signal,
      onProgress: (share) => progress.update(share),
    });
    if (path !== out) return write(`${path}: ${messages} messages of the beginning; ${interruption(signal)}\n`);
    write(`${out}: ${messages} messages, ${driveSeconds(drive).toFixed(1)} s, ${summary(drive)}\n`);
  } finally {
    progress.stop();
  }
}

async function simulateDataset(
  out: string,
  options: SimulateOptions,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const frames = splitFrames(options.frames, options.split);
  const total = SPLITS.reduce((sum, split) => sum + frames[split], 0);
  const progress = createSimulationProgress(total);
  try {
    const { written, present } = await writeDataset({
      root: out,
      seed: options.seed,
      variety: options.variety,
      frames,
      workers: options.workers,
      onFrame: (done) => progress.update(done),
      overwriting: options.force ? 'any' : 'own',
      signal,
    });
    const ending = signal.aborted ? `; ${interruption(signal)}, the same command goes on from here` : '';
    write(`${out}: ${written} frames written, ${present} were there${ending}\n`);
  } finally {
    progress.stop();
  }
}

function interruption({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : String(reason);
}

/** Frames of each split: all of one, or the usual shares with the remainder in `train`. */
export function splitFrames(count: number, split: Split | undefined): Record<Split, number> {
  if (split !== undefined) return { train: 0, val: 0, test: 0, [split]: count };
  const val = Math.round(SPLIT_SHARES.val * count);
  const test = Math.round(SPLIT_SHARES.test * count);
  return { train: count - val - test, val, test };
}

function summary(drive: DriveDescription): string {
  return drive.stretches
    .map(({ condition, failure, seconds }) => `${condition}${failure ? ` (${failure})` : ''} ${seconds.toFixed(1)} s`)
    .join(', ');
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 600)) {
    throw new InvalidArgumentError(`Expected seconds above 0 and up to 600 but received '${text}'.`);
  }
  return value;
}
