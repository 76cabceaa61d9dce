// `npm run claims`: MLE-SAM against fair counterparts on a CPU, from nothing to the page. Simulates the frames, trains and
// scores every variant from the shipped base, writes OUT/claims.md; with --write also docs/claims.md, the model card's
// section and the results in training/results. Each step is a command a reader could type. Goes on after a kill.
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fail, runSteps } from './resumable_steps.mjs';
import { root } from './setup.mjs';
import { python as environmentPython, prepareTraining, training } from './training_environment.mjs';

const CONFIG = 'claims-cpu';
const VARIANTS = [
  ...['mle-sam', 'early-fusion-absence', 'early-fusion', 'concatenation', 'camera-fused'],
  ...['mle-sam-projected', 'early-fusion-plain'],
];
/** Worlds are drawn by seed and split: no run trains in one that it is scored in. */
const DATA_SEED = '11';
const USAGE = `npm run claims -- [options]      about an hour of one CPU core of its own

  --out FOLDER    where everything goes; default runs/${CONFIG}. Run again with the same folder, it goes on
  --train N       frames to train on; default 1000
  --test N        frames of the test split, of which --score are scored, evenly spread; default 160
  --score N       default 100
  --steps N       of each run; default 300
  --seeds N,N     default 1,2
  --variants A,B  default ${VARIANTS.join(',')}
  --threads N     of the simulator and of PyTorch; default 1
  --python FILE   a Python that has mle-sam-train; default training/.venv, made if it is not there
  --write         also write docs/claims.md, the model card's section and training/results/${CONFIG}.json`;

function readOptions() {
  const text = (value) => ({ type: 'string', ...(value !== undefined && { default: value }) });
  try {
    const { values } = parseArgs({
      options: {
        out: text(join(root, 'runs', CONFIG)),
        train: text('1000'),
        test: text('160'),
        score: text('100'),
        steps: text('300'),
        seeds: text('1,2'),
        variants: text(VARIANTS.join(',')),
        threads: text('1'),
        python: text(),
        write: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    return fail(`${error.message}\n\n${USAGE}`);
  }
}

const options = readOptions();
if (options.help) {
  console.log(USAGE);
  process.exit(0);
}
for (const name of ['train', 'test', 'score', 'steps', 'seeds', 'threads']) {
  const pattern = name === 'seeds' ? /^\d+(,\d+)*$/ : /^[1-9]\d*$/;
  if (!pattern.test(options[name])) {
    const wanted = name === 'seeds' ? 'numbers such as 1,2' : 'a whole number of at least 1';
    fail(`Expected ${wanted} for --${name} but received '${options[name]}'.`);
  }
}
const out = resolve(options.out);
const path = (...parts) => join(out, ...parts);
const data = path('data');
const results = path('runs', 'claims.json');
const python = options.python ?? environmentPython;
const list = (text) => text.split(',');

const simulate = (split, frames) => ({
  name: `simulate ${split}`,
  product: path('data', 'dataset.json'),
  command: [
    ...[process.execPath, join(root, 'dist', 'src', 'cli', 'main.js'), 'simulate', data, '--layout', 'deliver'],
    ...['--seed', DATA_SEED, '--split', split, '--frames', frames, '--workers', options.threads],
  ],
});
const claims = (...args) => [python, '-m', 'mle_sam_train.cli', '--threads', options.threads, 'claims', ...args];
const card = join(root, 'models', 'reference', 'MODEL_CARD.md');
const STEPS = [
  simulate('train', options.train),
  simulate('test', options.test),
  {
    name: 'runs',
    product: results,
    command: claims(
      ...['--config', join(training, 'configs', `${CONFIG}.yaml`), '--data', data, '--cache', path('cache')],
      ...['--base', join(training, 'checkpoints', 'base.safetensors'), '--run', path('runs')],
      ...['--steps', options.steps, '--frames', options.score, '--seeds', ...list(options.seeds)],
      ...['--variants', ...list(options.variants)],
    ),
  },
  { name: 'report', product: path('claims.md'), command: claims('--report', results, '--docs', path('claims.md')) },
];

if (options.python === undefined) {
  const reason = prepareTraining();
  if (reason !== undefined) fail(`The training package cannot be installed: ${reason}.`);
}
const { train, test, score, steps, seeds, variants } = options;
await runSteps(STEPS, out, { train, test, score, steps, seeds, variants });
console.log(path('claims.md'));
if (options.write) {
  const kept = join(training, 'results', `${CONFIG}.json`);
  copyFileSync(results, kept);
  const docs = join(root, 'docs', 'claims.md');
  const [program, ...args] = claims('--report', kept, '--docs', docs, '--card', card);
  process.exit(spawnSync(program, args, { cwd: root, stdio: 'inherit' }).status ?? 1);
}
