// `node labels.mjs APP BAG SECONDS OUT`: replays the beginning of a bag with the program in APP and writes the labels of
// all masks, one after the other, to OUT. Its last line tells the provider and how many masks there were.
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [app, bag, seconds, out] = process.argv.slice(2);
const load = (module) => import(pathToFileURL(join(resolve(app), 'dist', 'src', module)).href);
const { DEFAULT_PIPELINE_CONFIG } = await load('pipeline/index.js');
const { withReplaySource } = await load('replay/replay_source.js');
const { runPipeline } = await load('replay/run_pipeline.js');

async function* firstSeconds(messages) {
  let first;
  for await (const message of messages) {
    first ??= message.receiveStamp;
    if (message.receiveStamp - first >= BigInt(Math.round(Number(seconds) * 1e9))) return;
    yield message;
  }
}

const model = join(resolve(app), 'models', 'reference');
const options = { bag, model, config: DEFAULT_PIPELINE_CONFIG, provider: 'cpu', threads: 1 };
const result = await withReplaySource(options, async (source) => {
  const masks = [];
  const nothing = () => undefined;
  await runPipeline(source, {
    rate: 'max',
    transform: firstSeconds,
    listener: {
      published: ({ segmentation }) => masks.push(segmentation),
      dropped: nothing,
      modalityChanged: nothing,
      problem: nothing,
      notice: nothing,
      groundTruth: nothing,
      condition: nothing,
    },
  });
  return masks;
});
writeFileSync(out, Buffer.concat(result.map(({ labels }) => labels)));
const stamps = result.map(({ stamp, present }) => `${stamp} ${present.join('+')}`);
console.log(JSON.stringify({ arch: process.arch, node: process.version, masks: result.length, stamps }));
process.exit(0);
