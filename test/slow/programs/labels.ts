/**
 * `node labels.js MODEL BAG SECONDS OUT`: replays the beginning of a bag, writes the labels of all masks one after the
 * other to OUT, and prints one line of JSON: {@link LabelsReport}.
 */
import { writeFileSync } from 'node:fs';
import { arch, argv, version } from 'node:process';
import type { Segmentation } from '../../../src/model/index.js';
import { DEFAULT_PIPELINE_CONFIG } from '../../../src/pipeline/index.js';
import { withReplaySource } from '../../../src/replay/replay_source.js';
import { runPipeline } from '../../../src/replay/run_pipeline.js';

export interface LabelsReport {
  arch: string;
  node: string;
  /** How the provider in use did on the golden sample of the bundle. */
  golden: { differing: number; pixels: number } | undefined;
  /** Stamp of every mask and the modalities it was made from. */
  masks: { stamp: string; present: readonly string[] }[];
  /** What was left out or went wrong, in words. */
  problems: string[];
}

const [model = '', bag = '', seconds = '', out = ''] = argv.slice(2);
const options = {
  ...{ bag, model, config: DEFAULT_PIPELINE_CONFIG },
  // As many threads as two cores have; nothing is too slow for an emulator.
  ...({ provider: 'cpu', threads: 2, startTimeoutMs: 'none', runTimeoutMs: 'none' } as const),
};

const masks: Segmentation[] = [];
const problems: string[] = [];
const end = new AbortController();
let first: bigint | undefined;
const golden = await withReplaySource(options, async (source) => {
  const { segmenter, incidents } = source;
  await runPipeline(source, {
    rate: 'max',
    signal: end.signal,
    onMessage: ({ receiveStamp }) => {
      first ??= receiveStamp;
      if (receiveStamp - first >= BigInt(Math.round(Number(seconds) * 1e9))) end.abort();
    },
    listener: {
      published: ({ segmentation }) => void masks.push(segmentation),
      dropped: ({ reason }) => void problems.push(reason),
      problem: (text) => void problems.push(text),
      modalityChanged: () => undefined,
      groundTruth: () => undefined,
      condition: () => undefined,
    },
  });
  problems.push(...incidents);
  return segmenter.selection?.attempts.at(-1)?.golden;
});
writeFileSync(out, Buffer.concat(masks.map(({ labels }) => labels)));
const report: LabelsReport = {
  ...{ arch, node: version, golden, problems },
  masks: masks.map(({ stamp, present }) => ({ stamp: String(stamp), present })),
};
console.log(JSON.stringify(report));
process.exit(0);
