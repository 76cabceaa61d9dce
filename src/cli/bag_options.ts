import { type Command, InvalidArgumentError } from 'commander';
import type { OpenBagOptions } from '../bags/index.js';

/** Flags of the commands that read a bag. */
export interface BagFlags {
  maxExpanded?: number;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** Adds `--max-expanded`. */
export function withBagOptions(command: Command): Command {
  return command.option(
    '--max-expanded <size>',
    'what a compressed bag may expand to in the temporary folder, e.g. 20G (default: half of what is free there)',
    sizeInBytes,
  );
}

export function bagOptions({ maxExpanded }: BagFlags): OpenBagOptions {
  return maxExpanded === undefined ? {} : { maxExpandedBytes: maxExpanded };
}

/** `20G`, `500 MB` or a number of bytes. */
function sizeInBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?) *([kmgt]?)b?$/i.exec(text.trim());
  const bytes = match === null ? Number.NaN : Number(match[1]) * UNITS[match[2]!.toLowerCase()]!;
  if (bytes > 0) return bytes;
  throw new InvalidArgumentError(`Expected a size such as 20G or 500M but received '${text}'.`);
}
