import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dropoutCommand } from '../../../src/cli/dropout.js';
import { mergeCommand } from '../../../src/cli/merge.js';
import { tinyBundle } from '../../model/support/tiny_bundle.js';
import { TINY_TOPICS } from '../../support/tiny_rig.js';
import { writeTinyBag } from './tiny_bag.js';

/** What a dropout run writes of each bag. */
export const RESULTS = ['dropout.json', 'dropout.html', 'frames.json'];
/** Scenarios that the runs play. */
export const SCENARIOS = {
  'camera-lost': '{ fault: drop, modality: camera, at: 1, until: 2 }',
  'depth-and-lidar-lost': '{ fault: drop, modality: [depth, lidar], at: 1, until: 2 }',
  'all-lost': '{ fault: drop, modality: all, at: 1, until: 2 }',
};

export interface Kept {
  text: string;
  status: number | string | null | undefined;
}

export interface TinyDropouts {
  /** Everything lies in it; the caller removes it. */
  folder: string;
  /** Of the tiny rig, monday.mcap and tuesday.mcap. */
  bags: readonly string[];
  /** Runs `mle-sam dropout` with the tiny bundle and the scenarios. */
  dropout(...args: readonly string[]): Promise<Kept>;
}

/** Two bags, three scenarios, and the command that runs them. */
export async function tinyDropouts(): Promise<TinyDropouts> {
  const folder = mkdtempSync(join(tmpdir(), 'mle-sam-dropouts-'));
  const scenarios = join(folder, 'scenarios');
  mkdirSync(scenarios);
  for (const [name, fault] of Object.entries(SCENARIOS)) {
    const text = `name: ${name}\ndescription: Sensors fall silent.\nfaults: [${fault}]\nexpect: { recoverMs: 1000 }\n`;
    writeFileSync(join(scenarios, `${name}.yaml`), text);
  }
  const bags = [
    await writeTinyBag(join(folder, 'monday.mcap'), 3),
    await writeTinyBag(join(folder, 'tuesday.mcap'), 3.5),
  ];
  const modalities = Object.entries(TINY_TOPICS).map(([name, topic]) => [name, { topic }]);
  const configuration = join(folder, 'configuration.yaml');
  writeFileSync(configuration, JSON.stringify({ modalities: Object.fromEntries(modalities) }));
  const usual = ['-m', tinyBundle, '-c', configuration, '-s', scenarios, '--provider', 'cpu', '--threads', '1'];
  return {
    folder,
    bags,
    dropout: (...args) => kept((write) => dropoutCommand(write).parseAsync([...args, ...usual], { from: 'user' })),
  };
}

/** Runs `mle-sam merge`. */
export function merge(...args: readonly string[]): Promise<Kept> {
  return kept((write) => mergeCommand(write).parseAsync(args, { from: 'user' }));
}

/** What a command of this process prints, and the exit status it sets, which is not that of the tests. */
export async function kept(work: (write: (text: string) => void) => Promise<unknown>): Promise<Kept> {
  let text = '';
  const { exitCode } = process;
  process.exitCode = 0;
  try {
    await work((part) => {
      text += part;
    });
    return { text, status: process.exitCode };
  } finally {
    process.exitCode = exitCode;
  }
}
