import { type Command, InvalidArgumentError, Option } from 'commander';
import { DATASET_KINDS, type DatasetKind } from '../../datasets/index.js';
import type { ImageSize } from '../../sensors/index.js';

/** Which data set, and how it is read and scored. */
export interface DatasetFlags {
  dataset?: DatasetKind;
  split: string;
  size?: ImageSize | 'as-stored';
  input?: ReadonlyMap<string, string>;
  classesBy: 'name' | 'id';
  strict?: true;
}

/** Where the results of a data set go. */
export interface SavingFlags {
  predictions?: string;
  out?: string;
}

/** Adds the flags of {@link DatasetFlags}. */
export function withDatasetOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--dataset <kind>', 'what lies at the path (default: found out from its layout)').choices(
        DATASET_KINDS,
      ),
    )
    .option('--split <split>', 'data set: the split to score', 'val')
    .option('--size <WxH>', 'data set: score at this size, or as-stored (default: as its published protocol)', size)
    .option(
      '--input <pair>',
      'data set: MODALITY=NAME gives an input of the model the modality NAME of the set, repeatable',
      pairs,
    )
    .addOption(
      new Option('--classes-by <what>', 'data set: how classes of model and set are matched')
        .choices(['name', 'id'])
        .default('name'),
    )
    .option('--strict', 'data set: the first frame that cannot be read ends the run');
}

/** Adds the flags of {@link SavingFlags}. */
export function withSavingOptions(command: Command): Command {
  return command
    .option('--predictions <folder>', 'data set: save the masks as PNG; of MUSES in the format of its benchmark')
    .option(
      '-o, --out <folder>',
      'data set: write evaluation.json, frames.json (exact counts of each frame) and runs.json',
    );
}

/** @throws Error where a flag was given that means nothing for a bag */
export function refuseDatasetFlags(command: Command): void {
  const given = ['size', 'input', 'classesBy', 'strict', 'predictions', 'out', 'split', 'shard', 'jobs'].find(
    (name) => command.getOptionValueSource(name) === 'cli',
  );
  if (given === undefined) return;
  const flag = `--${given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new Error(`Expected a data set for ${flag} but received a bag. Leave it out, or name the set with --dataset.`);
}

function size(text: string): ImageSize | 'as-stored' {
  if (text === 'as-stored') return text;
  const match = /^(\d{1,5})x(\d{1,5})$/.exec(text);
  const [width, height] = [Number(match?.[1]), Number(match?.[2])];
  if (width > 0 && height > 0) return { width, height };
  throw new InvalidArgumentError(`Expected a size such as 1024x768, or as-stored, but received '${text}'.`);
}

function pairs(text: string, before: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> {
  const [name, modality, ...rest] = text.split('=');
  if (name && modality && rest.length === 0) return new Map([...before, [name, modality]]);
  throw new InvalidArgumentError(`Expected MODALITY=NAME but received '${text}'.`);
}
