import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { PROVIDER_REQUESTS } from '../../src/model/index.js';
import type { Case } from './case.js';

export const HELP = `Times models on each provider that is here: with one to four modalities, in single and half precision, as two graphs
and as one; with the first and the next start, memory, overhead over the raw sessions, and how well labels agree with
the CPU's.

  npm run bench -- gpu [MODEL...] [options]

  MODEL                     a bundle, a folder of exported graphs, or tiny or base-plus: full-size models on random
                            weights, which the training package exports first. Default: models/reference
  --providers cpu,cuda,tensorrt
  --modalities 1,2,3,4      numbers of modalities
  --frames 50               at most so many frames a row
  --seconds 30              and at most so long, but three frames at least
  --case-minutes 30         a provider that takes longer over a variant counts as hanging
  --threads 4               of the CPU's kernels
  --device 0                which GPU
  --python python3          with onnx and onnxruntime, for half precision and engines; with PyTorch for tiny, base-plus
  --work out/bench-gpu      bundles, engines, and results.json and results.md after every variant
  --json                    print results.json instead of tables
`;

export interface Settings {
  models: string[];
  providers: Case['provider'][];
  modalities: number[];
  frames: number;
  seconds: number;
  caseMinutes: number;
  threads: number;
  deviceId: number;
  python: string;
  work: string;
  output: 'json' | 'tables';
}

export type Command =
  | { kind: 'help' }
  /** One variant, in a process of its own. */
  | { kind: 'case'; options: Case }
  | { kind: 'bench'; settings: Settings };

const PROVIDERS = PROVIDER_REQUESTS.filter((request) => request !== 'auto');

/** @throws {Error} with one sentence where an option is unknown or makes no sense */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      providers: { type: 'string', default: PROVIDERS.join(',') },
      modalities: { type: 'string', default: '1,2,3,4' },
      frames: { type: 'string', default: '50' },
      seconds: { type: 'string', default: '30' },
      'case-minutes': { type: 'string', default: '30' },
      threads: { type: 'string', default: '4' },
      device: { type: 'string', default: '0' },
      python: { type: 'string', default: 'python3' },
      work: { type: 'string', default: join('out', 'bench-gpu') },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      case: { type: 'string' },
    },
  });
  if (values.help) return { kind: 'help' };
  if (values.case !== undefined) return { kind: 'case', options: JSON.parse(values.case) as Case };
  const settings: Settings = {
    models: positionals.length > 0 ? positionals : ['models/reference'],
    providers: values.providers.split(',').map(providerOf),
    modalities: values.modalities.split(',').map((text) => wholeNumber('--modalities', text, 1)),
    frames: wholeNumber('--frames', values.frames, 1),
    seconds: wholeNumber('--seconds', values.seconds, 1),
    caseMinutes: wholeNumber('--case-minutes', values['case-minutes'], 1),
    threads: wholeNumber('--threads', values.threads, 1),
    deviceId: wholeNumber('--device', values.device, 0),
    python: values.python,
    work: resolve(values.work),
    output: values.json ? 'json' : 'tables',
  };
  return { kind: 'bench', settings };
}

function providerOf(name: string): Case['provider'] {
  const provider = PROVIDERS.find((each) => each === name);
  if (provider === undefined) throw new Error(`Expected some of ${PROVIDERS} for --providers but received '${name}'`);
  return provider;
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`Expected a whole number from ${least} on for ${option} but received '${text}'`);
}
