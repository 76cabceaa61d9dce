/**
 * What feeding a network of another make and reading its scores add to its own time, in one run.
 *
 *   node dist/bench/import.js BUNDLE... [--frames 30] [--threads 2] [--json]
 *
 * The network alone, and the whole of a run, take turns frame by frame, so that both see the same disturbance of a busy
 * machine. Without a bundle, SegFormer-B0 and a network like LR-ASPP are exported at 1024x512 with random weights by the
 * Python of training/.venv, imported and measured.
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
import { WholeRunner } from '../src/model/whole/whole_runner.js';
import { noiseImage } from './support/frames.js';
import { type Percentiles, percentiles } from './support/percentiles.js';
import { keepRows } from './support/performance.js';

/** Presets of the networks that `foreign_networks.py` exports for this, by file. */
const EXPORTED = { segformer: 'segformer', 'lr-aspp': 'torchvision' } as const;
const PYTHON = join('training', '.venv', 'bin', 'python');
const EXPORTER = join('training', 'tests', 'foreign_networks.py');

interface Row {
  bundle: string;
  size: string;
  networkMs: Percentiles;
  addedMs: Percentiles;
  /** Percent of the network's own time, medians. */
  addedPercent: number;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      frames: { type: 'string', default: '30' },
      threads: { type: 'string', default: '2' },
      json: { type: 'boolean', default: false },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'mle-sam-bench-'));
  try {
    const bundles = positionals.length > 0 ? positionals : await exported(folder);
    const rows: Row[] = [];
    for (const bundle of bundles) rows.push(await measure(bundle, Number(values.frames), Number(values.threads)));
    keepRows(
      ...rows.map(({ bundle, size, addedPercent }) => ({
        what: `an imported network, ${bundle}: time added to its own`,
        value: addedPercent,
        unit: '%' as const,
        target: { atMost: 10 },
        settings: `${size}, ${values.frames} frames, by turns`,
      })),
    );
    console.log(values.json ? JSON.stringify(rows, undefined, 2) : describe(rows));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function exported(folder: string): Promise<string[]> {
  execFileSync(PYTHON, [EXPORTER, folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const bundles: string[] = [];
  for (const [name, preset] of Object.entries(EXPORTED)) {
    const bundle = join(folder, name);
    const options = { preset, inputs: [{ modality: 'camera' }], fill: new Map(), fit: 'stretch', threads: 2 } as const;
    await importNetwork(join(folder, `${name}.onnx`), bundle, options, 'own');
    bundles.push(bundle);
  }
  return bundles;
}

async function measure(folder: string, frames: number, threads: number): Promise<Row> {
  const bundle = await loadBundle(folder);
  if (bundle.files.kind !== 'whole') throw new Error(`Expected an imported network but received ${folder}`);
  const { network, recipe } = bundle.files;
  const session = await openCpuSession(network, threads);
  const runner = WholeRunner.create(session, recipe, bundle.input);
  const images = bundle.modalities.map(({ name }, seed) => noiseImage(bundle, name, seed).data);
  const modalities = [...images.keys()];
  const request = { kind: 'run', modalities, slots: modalities, encode: modalities } as const;
  const networkMs: number[] = [];
  const addedMs: number[] = [];
  for (let frame = -3; frame < frames; frame++) {
    const batch = new Uint8Array(images.reduce((sum, { length }) => sum + length, 0));
    images.forEach((image, i) => {
      batch.set(image, i * image.length);
    });
    const start = performance.now();
    const { encodeMs } = await runner.run({ ...request, images: batch.buffer });
    const total = performance.now() - start;
    if (frame < 0) continue;
    networkMs.push(encodeMs);
    addedMs.push(total - encodeMs);
  }
  await session.release();
  const row = { networkMs: percentiles(networkMs), addedMs: percentiles(addedMs) };
  const { width, height } = recipe.size;
  const addedPercent = (100 * row.addedMs.p50) / row.networkMs.p50;
  return { bundle: bundle.name, size: `${width}x${height}`, ...row, addedPercent };
}

function describe(rows: readonly Row[]): string {
  const table = new Table({
    head: ['network', 'size', 'network p50 ms', 'added p50 ms', 'added p99 ms', 'added'],
    style: { head: [], border: [] },
  });
  for (const { bundle, size, networkMs, addedMs, addedPercent } of rows) {
    const ms = (value: number) => value.toFixed(1);
    table.push([bundle, size, ms(networkMs.p50), ms(addedMs.p50), ms(addedMs.p99), `${addedPercent.toFixed(1)} %`]);
  }
  return table.toString();
}

await main();
