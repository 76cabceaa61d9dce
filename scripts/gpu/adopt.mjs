// `node scripts/gpu/adopt.mjs OUT --data HELD_OUT [--write] [--note TEXT] [--limit LINE ...] [--max-scatter depth=SHARE]`:
// what came back from `run.py TRAIN` beside the bundled reference and its targets; with --write it becomes
// models/reference, with model card (and `npm run claims`' section of it), golden sample and golden masks. The note, the
// limits of the card and the noise from which on a sensor is left out were measured with the weights before: they are
// written anew or left out (`mle-sam-train card` adds them later).
// HELD_OUT is a data set of `mle-sam simulate HELD_OUT --layout deliver --seed 7 --split val --frames 100`: the golden
// sample and the statistics of the inputs come from it.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '..', '..');
const bundle = join(root, 'models', 'reference');
const BUNDLE_MEGABYTES = 20;

const read = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Figures that are asked of the reference, in percent, from a report of `mle-sam-train evaluate`. */
function figures(report) {
  const [all] = Object.keys(report.subsets);
  const { camera } = report.singles;
  return {
    'all sensors': report.full.miou,
    'all sensors, night': report.full.night,
    'mean of subsets': report.subsetMean,
    'camera alone': camera.miou,
    'camera alone, night': camera.night,
    person: report.full.perClass.person,
    pole: report.full.perClass.pole,
    'without events, night: lost': lost(report.full.night, report.without?.events?.night),
    ...Object.fromEntries(report.modalities.map((name) => [`without ${name}`, report.subsets[without(all, name)]])),
  };
}

const without = (all, name) =>
  all
    .split('+')
    .filter((each) => each !== name)
    .join('+');

/** Points that the night costs where events are missing. */
const lost = (all, rest) => (rest === undefined ? undefined : Number((all - rest).toFixed(2)));

const TARGETS = {
  'all sensors': 66,
  'mean of subsets': 57,
  'camera alone': 50.4,
  'camera alone, night': 42,
  person: 40,
  pole: 48,
  'without events, night: lost': 1,
};

function compare(out) {
  const now = figures(read(join(out, 'test.json')));
  const rows = Object.entries(now).map(([name, value]) => {
    const target = TARGETS[name];
    const verdict = target === undefined ? '' : value >= target ? 'met' : `missed by ${(target - value).toFixed(1)}`;
    return `| ${name} | ${value} | ${target ?? ''} | ${verdict} |`;
  });
  console.log(['| mIoU or IoU (%) | new | target | |', '|---|---|---|---|', ...rows].join('\n'));
  const { frames, scores } = {
    frames: read(join(out, 'test.json')).frames,
    ...read(join(bundle, 'model.json')).training,
  };
  console.log(
    `New on ${frames} frames. The bundled reference on ${scores.frames}: ${scores.miou} with all, ` +
      `${scores.subsetMean} on the mean, ${scores.subsets.camera} with the camera alone, person ${scores.perClass.person}.`,
  );
  if (existsSync(join(out, 'wide.json'))) {
    const { frames: count, full, subsetMean, singles } = read(join(out, 'wide.json'));
    console.log(
      `Randomised scenes, ${count} frames: ${full.miou} with all, ${subsetMean} on the mean, ` +
        `${singles.camera.miou} with the camera alone.`,
    );
  }
}

function write(out, { data, python, note, limit, 'max-scatter': maxScatter }) {
  const run = (command, ...parameters) => execFileSync(command, parameters, { cwd: root, stdio: 'inherit' });
  const cache = join(resolve(data), '..', 'adopt-cache');
  run(
    ...[python, '-m', 'mle_sam_train.cli', 'export', join(out, 'experts.safetensors'), '--data', resolve(data)],
    ...['--cache', cache, '--scores', join(out, 'test.json'), '--out', bundle, '--note', note],
    ...(existsSync(join(out, 'routing.json')) ? ['--routing', join(out, 'routing.json')] : []),
    ...['--weights', join(root, 'training', 'checkpoints', 'reference.safetensors')],
  );
  const known = [
    ...limit.flatMap((line) => ['--limit', line]),
    ...maxScatter.flatMap((share) => ['--max-scatter', share]),
  ];
  if (known.length > 0) {
    const checkpoint = join(root, 'training', 'checkpoints', 'reference.safetensors');
    const scores = ['--scores', join(out, 'test.json')];
    run(python, '-m', 'mle_sam_train.cli', 'card', bundle, checkpoint, ...scores, ...known);
  }
  const card = join(bundle, 'MODEL_CARD.md');
  const claims = [join(root, 'training', 'results', 'claims-cpu.json'), '--docs', join(root, 'docs', 'claims.md')];
  run(python, '-m', 'mle_sam_train.cli', 'claims', '--report', ...claims, '--card', card);
  const size = ['encoder.onnx', 'head.onnx'].reduce((sum, name) => sum + statSync(join(bundle, name)).size, 0) / 1e6;
  if (size > BUNDLE_MEGABYTES) throw new Error(`Expected graphs of at most ${BUNDLE_MEGABYTES} MB but got ${size}.`);
  console.log(`${bundle}: ${size.toFixed(1)} MB of graphs. Now the golden masks of samples/town.`);
  process.env.MLE_SAM_UPDATE_GOLDEN = '1';
  run('npx', 'mocha', '--no-config', '--timeout', '240000', 'dist/test/replay/sample_bag.test.js');
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string' },
    write: { type: 'boolean', default: false },
    python: { type: 'string', default: join(root, 'training', '.venv', 'bin', 'python') },
    note: { type: 'string', default: '' },
    limit: { type: 'string', multiple: true, default: [] },
    'max-scatter': { type: 'string', multiple: true, default: [] },
  },
});
const [out] = positionals;
if (positionals.length !== 1 || (values.write && values.data === undefined)) {
  console.error(
    'Expected node scripts/gpu/adopt.mjs OUT [--write --data HELD_OUT] [--note TEXT] [--limit LINE] [--max-scatter NAME=SHARE].',
  );
  process.exit(2);
}
compare(out);
if (values.write) write(resolve(out), values);
