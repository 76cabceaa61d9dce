// `npm run reproduce -- --config quick`: from nothing to a model that runs, and how it compares with models/reference.
// Simulates a data set, trains base and experts, evaluates, exports, replays a bag with the new bundle. Every step is a
// command a reader could type; `resumable_steps.mjs` runs them in order, notes what is done, and goes on after a kill.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { compareWithReference } from './compare_with_reference.mjs';
import { fail, runSteps } from './resumable_steps.mjs';
import { root } from './setup.mjs';
import { python as environmentPython, prepareTraining, training } from './training_environment.mjs';

/** Frames of the data set, and how long all takes on two CPU cores. */
const PLANS = {
  quick: { frames: 500, duration: '20 minutes' },
  reference: { frames: 3150, duration: 'about 2 hours' },
};
const USAGE = `npm run reproduce -- [options]

  --config NAME   a file of training/configs: ${Object.entries(PLANS)
    .map(([name, { duration }]) => `${name} (${duration} on two cores)`)
    .join(', ')}; default quick
  --out FOLDER    where everything goes; default runs/NAME. Run again with the same folder, it goes on
  --frames N      frames of the data set
  --steps N       of each training stage, instead of the configuration's minutes
  --threads N     of simulator, PyTorch and ONNX Runtime; default 2
  --bag BAG       to replay; default samples/town
  --python FILE   a Python that has mle-sam-train; default training/.venv, made if it is not there`;

function readOptions() {
  const text = (value) => ({ type: 'string', ...(value !== undefined && { default: value }) });
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        config: text('quick'),
        out: text(),
        frames: text(),
        steps: text(),
        threads: text('2'),
        bag: text(join(root, 'samples', 'town')),
        python: text(),
        help: { type: 'boolean' },
      },
    }));
  } catch (error) {
    fail(`${error.message}\n\n${USAGE}`);
  }
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const plan = PLANS[values.config];
  if (plan === undefined)
    fail(`Expected ${Object.keys(PLANS).join(' or ')} for --config but received ${values.config}.`);
  for (const name of ['frames', 'steps', 'threads']) {
    const value = values[name];
    if (value !== undefined && !/^[1-9]\d*$/.test(value)) {
      fail(`Expected a whole number of at least 1 for --${name} but received '${value}'.`);
    }
  }
  return {
    ...values,
    frames: values.frames ?? String(plan.frames),
    out: resolve(values.out ?? join(root, 'runs', values.config)),
    bag: resolve(values.bag),
  };
}

const options = readOptions();
const { out, threads } = options;
const path = (...parts) => join(out, ...parts);
const python = options.python ?? environmentPython;
const reference = join(root, 'models', 'reference');
const data = path('data');
const budget = options.steps === undefined ? [] : ['--steps', options.steps];
const config = ['--config', join(training, 'configs', `${options.config}.yaml`)];

const mleSam = (...args) => [process.execPath, join(root, 'dist', 'src', 'cli', 'main.js'), ...args];
const mleSamTrain = (...args) => [python, '-m', 'mle_sam_train.cli', '--threads', threads, ...args];
const stage = (name) => mleSamTrain(name, ...config, '--data', data, '--run', out, ...budget, '--resume');
const replay = (model, to) => mleSam('replay', options.bag, '--model', model, '--out', to, '--threads', threads);
const score = (model) => mleSam('evaluate', data, '--model', model, '--split', 'test', '--threads', threads, '--json');

/** In order, as `runSteps` takes them. */
const STEPS = [
  {
    name: 'simulate',
    product: path('data', 'dataset.json'),
    command: mleSam(
      ...['simulate', data, '--layout', 'deliver', '--frames', options.frames, '--seed', '7', '--workers', threads],
    ),
  },
  { name: 'base', product: path('base', 'model.safetensors'), command: stage('base') },
  { name: 'experts', product: path('experts', 'model.safetensors'), command: stage('experts') },
  {
    name: 'evaluate',
    product: path('test.json'),
    command: mleSamTrain('evaluate', out, '--data', data, '--split', 'test', '--out', path('test.json')),
  },
  {
    name: 'routing',
    product: path('routing.json'),
    command: mleSamTrain(
      ...['routing', out, '--data', data, '--split', 'test', '--frames', '30', '--out', path('routing.json')],
    ),
  },
  {
    name: 'export',
    product: path('bundle', 'model.json'),
    command: mleSamTrain(
      ...['export', out, '--data', data, '--out', path('bundle')],
      ...['--scores', path('test.json'), '--routing', path('routing.json')],
    ),
  },
  { name: 'replay', product: path('replay', 'summary.json'), command: replay(path('bundle'), path('replay')) },
  { name: 'score', product: path('score.json'), command: score(path('bundle')), printed: true },
  {
    name: 'replay of the reference',
    product: path('reference', 'summary.json'),
    command: replay(reference, path('reference')),
    isApart: true,
  },
  {
    name: 'score of the reference',
    product: path('reference', 'score.json'),
    command: score(reference),
    printed: true,
    isApart: true,
  },
];

if (options.python === undefined) {
  const reason = prepareTraining();
  if (reason !== undefined) fail(`The training package cannot be installed: ${reason}.`);
}
const { config: begun, frames, steps = null, bag } = options;
const done = await runSteps(STEPS, out, { config: begun, frames, steps, bag });
const minutes = Object.values(done).reduce((sum, value) => sum + value, 0);
console.log(`\n${compareWithReference(out, options.config)}`);
console.log(`\n${path('bundle')}: all steps together ${minutes.toFixed(1)} minutes, without attempts that were killed`);
