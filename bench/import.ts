/**
 * What a mask by a network of another make takes, against the network by itself as it was given, in one run.
 *
 *   node dist/bench/import.js [BUNDLE --network NETWORK.onnx] [--frames 30] [--threads 2] [--json]
 *
 * The network alone, all of whose scores ONNX Runtime hands out, and the whole of a run of the bundle take turns frame by
 * frame, so that both see the same disturbance of a busy machine. Without a bundle, SegFormer-B0 and a network like LR-ASPP
 * are exported at 1024x512 with random weights by the Python of training/.venv, imported and measured, the second with
 * and without the interpolation that its graph ends in.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { importNetwork } from '../src/model/import/index.js';
import { loadBundle } from '../src/model/index.js';
import { openCpuSession } from '../src/model/provider_ladder.js';
import { outputNames, WholeRunner } from '../src/model/whole/whole_runner.js';
import { noiseImage } from './support/frames.js';
import { type Percentiles, percentiles } from './support/percentiles.js';
import { keepRows } from './support/performance.js';

/** The networks that `foreign_networks.py` exports for this, by file: their presets, and forms of their graphs. */
const EXPORTED = [
  { name: 'segformer', preset: 'segformer', graphs: ['shortened'] },
  { name: 'lr-aspp', preset: 'torchvision', graphs: ['shortened', 'as-is'] },
] as const;
const PYTHON = join('training', '.venv', 'bin', 'python');
const EXPORTER = join('training', 'tests', 'foreign_networks.py');

/** A bundle, and the network that it was made of. */
interface Case {
  bundle: string;
  network: string;
  graph: string;
}

interface Row {
  bundle: string;
  graph: string;
  size: string;
  /** The network by itself, as it was given. */
  networkMs: Percentiles;
  /** A mask: inputs filled, the bundle's network run, labels and confidence made. */
  maskMs: Percentiles;
  /** Of that the run of the bundle's network. */
  runMs: Percentiles;
  /** What a mask takes more than the network by itself, in percent of it; medians. */
  addedPercent: number;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      network: { type: 'string' },
      frames: { type: 'string', default: '30' },
      threads: { type: 'string', default: '2' },
      json: { type: 'boolean', default: false },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'mle-sam-bench-'));
  try {
    const [bundle] = positionals;
    if ((bundle === undefined) !== (values.network === undefined)) {
      throw new Error('Expected BUNDLE --network NETWORK.onnx, the network that it was made of, or neither of them');
    }
    const given = bundle === undefined ? [] : [{ bundle, network: values.network!, graph: 'given' }];
    const cases: readonly Case[] = given.length > 0 ? given : await exported(folder);
    const rows: Row[] = [];
    for (const one of cases) rows.push(await measure(one, Number(values.frames), Number(values.threads)));
    keepRows(
      ...rows.map(({ bundle, graph, size, addedPercent }) => ({
        what: `a mask by an imported network, ${bundle} (${graph}): time added to the network's own`,
        value: addedPercent,
        unit: '%' as const,
        ...(graph !== 'as-is' && { target: { atMost: 10 } }),
        settings: `${size}, ${values.frames} frames, by turns`,
      })),
    );
    console.log(values.json ? JSON.stringify(rows, undefined, 2) : describe(rows));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function exported(folder: string): Promise<Case[]> {
  execFileSync(PYTHON, [EXPORTER, folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const cases: Case[] = [];
  for (const { name, preset, graphs } of EXPORTED) {
    const network = join(folder, `${name}.onnx`);
    for (const graph of graphs) {
      const bundle = join(folder, `${name}-${graph}`);
      const options = {
        preset,
        inputs: [{ modality: 'camera' }],
        fill: new Map(),
        fit: 'stretch',
        threads: 2,
      } as const;
      await importNetwork(network, bundle, { ...options, graph }, 'own');
      cases.push({ bundle, network, graph });
    }
  }
  return cases;
}

async function measure({ bundle: folder, network, graph }: Case, frames: number, threads: number): Promise<Row> {
  const bundle = await loadBundle(folder);
  if (bundle.files.kind !== 'whole') throw new Error(`Expected an imported network but received ${folder}`);
  const { recipe } = bundle.files;
  const alone = await openCpuSession(network, threads);
  const session = await openCpuSession(bundle.files.network, threads);
  const runner = WholeRunner.create(session, recipe, bundle.input);
  const images = bundle.modalities.map(({ name }, seed) => noiseImage(bundle, name, seed).data);
  const feeds = WholeRunner.create(session, recipe, bundle.input).feedsOf(images);
  const fetches = Object.fromEntries(outputNames(recipe).map((name) => [name, null]));
  const modalities = [...images.keys()];
  const request = { kind: 'run', modalities, slots: modalities, encode: modalities } as const;
  const times = { network: [] as number[], mask: [] as number[], run: [] as number[] };
  for (let frame = -3; frame < frames; frame++) {
    const batch = new Uint8Array(images.reduce((sum, { length }) => sum + length, 0));
    images.forEach((image, i) => {
      batch.set(image, i * image.length);
    });
    const start = performance.now();
    await alone.run(feeds, fetches);
    const between = performance.now();
    const { encodeMs } = await runner.run({ ...request, images: batch.buffer });
    const end = performance.now();
    if (frame < 0) continue;
    times.network.push(between - start);
    times.mask.push(end - between);
    times.run.push(encodeMs);
  }
  await Promise.all([alone.release(), session.release()]);
  const [networkMs, maskMs, runMs] = [percentiles(times.network), percentiles(times.mask), percentiles(times.run)];
  const { width, height } = recipe.size;
  const addedPercent = 100 * (maskMs.p50 / networkMs.p50 - 1);
  return { bundle: bundle.name, graph, size: `${width}x${height}`, networkMs, maskMs, runMs, addedPercent };
}

function describe(rows: readonly Row[]): string {
  const table = new Table({
    head: ['network', 'graph', 'size', 'network p50 ms', 'mask p50 ms', 'mask p99 ms', 'of that run ms', 'added'],
    style: { head: [], border: [] },
  });
  for (const { bundle, graph, size, networkMs, maskMs, runMs, addedPercent } of rows) {
    const ms = (value: number) => value.toFixed(1);
    const [alone, mask, worst, run] = [ms(networkMs.p50), ms(maskMs.p50), ms(maskMs.p99), ms(runMs.p50)];
    table.push([bundle, graph, size, alone, mask, worst, run, `${addedPercent.toFixed(1)} %`]);
  }
  return table.toString();
}

await main();
