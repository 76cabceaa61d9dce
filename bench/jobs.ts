/**
 * What worker processes bring: a data set scored by one process of one thread and by `--jobs 2`, in turns, each from the
 * start of the command to its end.
 *
 *   node dist/bench/jobs.js [--model BUNDLE] [--frames 320] [--jobs 2] [--rounds 3]
 *
 * The data set is a `folder` of pictures of noise at the size of the bundle, models/reference by default.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import sharp from 'sharp';
import { stringify } from 'yaml';
import { loadManifest } from '../src/model/index.js';
import { Random } from '../src/random/random.js';
import { keepRows } from './support/performance.js';

const MAIN = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: 'models/reference' },
      frames: { type: 'string', default: '320' },
      jobs: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '3' },
    },
  });
  const root = mkdtempSync(join(tmpdir(), 'mle-sam-jobs-'));
  try {
    await writeSet(root, values.model, Number(values.frames));
    const seconds = { one: [] as Seconds[], many: [] as Seconds[] };
    for (let round = 0; round < Number(values.rounds); round++) {
      seconds.one.push(time(['--threads', '1'], root, values.model));
      seconds.many.push(time(['--jobs', values.jobs], root, values.model));
    }
    const table = new Table({ head: ['', 'seconds', 'processor time', 'frames/s'], style: { head: [], border: [] } });
    const row = (name: string, all: Seconds[]) => {
      const best = Math.min(...all.map(({ wall }) => wall));
      const texts = (of: (each: Seconds) => number) => all.map((each) => of(each).toFixed(1)).join(', ');
      const pace = (Number(values.frames) / best).toFixed(2);
      table.push([name, texts(({ wall }) => wall), texts(({ cpu }) => cpu), pace]);
    };
    row('one process, one thread', seconds.one);
    row(`--jobs ${values.jobs}`, seconds.many);
    console.log(table.toString());
    const ratios = seconds.one.map(({ wall }, round) => wall / seconds.many[round]!.wall).sort((a, b) => a - b);
    const middle = ratios[ratios.length >> 1]!;
    console.log(
      `${values.frames} frames; ratio of the frames by rounds: ${ratios.map((each) => each.toFixed(2)).join(', ')}, median ${middle.toFixed(2)}`,
    );
    keepRows({
      what: `frames scored with --jobs ${values.jobs}, against one process of one thread`,
      value: middle,
      unit: 'ratio',
      target: { atLeast: 1.6 },
      settings: `${values.frames} frames, whole command, median of ${ratios.length} rounds`,
    });
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** Of a command and all processes below it. */
interface Seconds {
  wall: number;
  cpu: number;
}

function time(flags: string[], root: string, model: string): Seconds {
  const args = [MAIN, 'evaluate', root, '--dataset', 'folder', '-m', model, '--provider', 'cpu', '--json', ...flags];
  const timed = 'TIMEFORMAT="%R %U %S"; time "$0" "$@" > /dev/null';
  const { status, stderr } = spawnSync('bash', ['-c', timed, process.execPath, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const [wall = 0, user = 0, system = 0] = stderr.trim().split('\n').at(-1)!.split(' ').map(Number);
  return { wall, cpu: user + system };
}

async function writeSet(root: string, model: string, frames: number): Promise<void> {
  const { input, modalities, classes } = await loadManifest(model);
  for (let frame = 0; frame < frames; frame++) {
    for (const [folder, channels] of [...modalities.map(({ name }) => [name, 3] as const), ['labels', 1] as const]) {
      const random = new Random(frame, folder);
      const data = Uint8Array.from({ length: input.width * input.height * channels }, () =>
        random.integer(0, channels === 1 ? classes.length - 1 : 255),
      );
      const path = join(root, folder, `${String(frame).padStart(4, '0')}.png`);
      mkdirSync(dirname(path), { recursive: true });
      await sharp(data, { raw: { ...input, channels } })
        .toColourspace(channels === 1 ? 'b-w' : 'srgb')
        .png()
        .toFile(path);
    }
  }
  const files = (folder: string) => ({ files: `${folder}/{frame}.png` });
  writeFileSync(
    join(root, 'dataset.yaml'),
    stringify({
      name: 'noise',
      classes: classes.map(({ id, name }) => ({ id, name })),
      labels: files('labels'),
      modalities: Object.fromEntries(modalities.map(({ name }) => [name, files(name)])),
    }),
  );
}

await main();
