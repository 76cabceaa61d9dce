/**
 * Processor time of a frame of `mle-sam evaluate`, beside what it is where only the image at the same place of the set
 * before is known, and whether both give the same labels on every pixel:
 *
 *     npm run bench -- evaluation [BAG] [--model FOLDER] [--every 8] [-p absent emm]
 *
 * The first also answers the whole frame once for each protocol. Both take turns frame by frame, with one thread each, so that both see the same disturbance of a busy machine.
 */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { Segmenter } from '../src/model/index.js';
import { DEFAULT_PIPELINE_CONFIG, type FrameSegmenter } from '../src/pipeline/index.js';
import { withReplaySource } from '../src/replay/index.js';
import {
  type FrameCount,
  type FrameVisitor,
  imagesWorthKeeping,
  PROTOCOLS,
  type Protocol,
  runProtocol,
  visitBagFrames,
} from '../src/robustness/index.js';
import type { ModalityImage } from '../src/sensors/index.js';
import { keepRows } from './support/performance.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'models/reference' },
    every: { type: 'string', default: '8' },
    protocol: { type: 'string', short: 'p', multiple: true, default: ['absent', 'emm'] },
  },
});
const protocols = values.protocol.flatMap((name) => name.split(/[ ,]/)).filter(isProtocol);

/** A segmenter, and what of its answers is compared. */
interface Way {
  name: string;
  runs(): number;
  /** Scores one frame; all of them in one evaluation. */
  visit: FrameVisitor;
  /** Ends the evaluation. */
  end(): Promise<void>;
  cpuMs: number;
  /** Of the latest frame, by what was shown. */
  labels: Map<string, Uint8Array>;
}

await withReplaySource(
  {
    bag: positionals[0] ?? 'samples/town',
    model: values.model,
    config: DEFAULT_PIPELINE_CONFIG,
    provider: 'cpu',
    threads: 1,
  },
  async (source) => {
    const { bundle } = source;
    const keptImages = imagesWorthKeeping(protocols);
    const kept = await Segmenter.create(bundle, { provider: 'cpu', threads: 1, keptImages });
    const each = protocols.map((protocol) => [protocol]);
    const byPlace = await startWay('by place in the set', source.segmenter, onlyByPlace(source.segmenter), each);
    const byImage = await startWay('by modality and image', kept, kept, [protocols]);
    const ways = [byPlace, byImage];
    let [frames, pixels, differing] = [0, 0, 0];
    try {
      await visitBagFrames(source, Number(values.every), async (frame) => {
        // The first frame warms both up.
        const isCounted = frames++ > 0;
        for (const each of frames % 2 === 0 ? ways : ways.toReversed()) {
          const start = process.cpuUsage();
          each.labels.clear();
          await each.visit(frame);
          const { user, system } = process.cpuUsage(start);
          if (isCounted) each.cpuMs += (user + system) / 1000;
        }
        for (const [shown, labels] of byPlace.labels) {
          const other = byImage.labels.get(shown)!;
          pixels += labels.length;
          for (let i = 0; i < labels.length; i++) if (labels[i] !== other[i]) differing++;
        }
      });
      for (const { end } of ways) await end();
    } finally {
      await kept.close();
    }
    const counted = frames - 1;
    const table = new Table({ head: ['features are kept', 'CPU a frame, ms', 'images encoded a frame', 'ratio'] });
    for (const { name, cpuMs, runs } of ways) {
      const ratio = (cpuMs / byPlace.cpuMs).toFixed(2);
      table.push([name, (cpuMs / counted).toFixed(0), (runs() / frames).toFixed(1), ratio]);
    }
    console.log(`${protocols.join(', ')}; ${bundle.name}, ${counted} frames after the first, one thread`);
    console.log(table.toString());
    console.log(`${differing} of ${pixels} labels differ`);
    keepRows({
      what: `a frame of \`evaluate -p ${protocols.join(' ')}\`, processor time, features kept by image / by place in the set`,
      value: byImage.cpuMs / byPlace.cpuMs,
      unit: 'ratio',
      target: { atMost: 0.4 },
      settings: `${counted} frames of the sample bag, one thread`,
    });
    if (differing > 0) process.exitCode = 1;
  },
);

/** Begins an evaluation whose frames are handed to it from outside. */
async function startWay(
  name: string,
  counter: Segmenter,
  segmenter: Pick<FrameSegmenter, 'segment'>,
  groups: readonly (readonly Protocol[])[],
): Promise<Way> {
  const labels = new Map<string, Uint8Array>();
  const evaluations = await Promise.all(
    groups.map((group) => {
      const collecting: Pick<FrameSegmenter, 'segment'> = {
        segment: async (frameSet) => {
          const answer = await segmenter.segment(frameSet);
          labels.set([...frameSet.images.values()].map(({ data }) => fingerprint(data)).join(), answer.labels);
          return answer;
        },
      };
      return startEvaluation({ bundle: counter.bundle, segmenter: collecting }, group);
    }),
  );
  return {
    name,
    labels,
    visit: async (frame) => {
      for (const { visit } of evaluations) await visit(frame);
    },
    runs: () => counter.encodedImages,
    end: async () => {
      for (const { end } of evaluations) await end();
    },
    cpuMs: 0,
  };
}

function startEvaluation(
  model: Parameters<typeof runProtocol>[0],
  group: readonly Protocol[],
): Promise<Pick<Way, 'visit' | 'end'>> {
  return new Promise((start) => {
    let end = (_count: FrameCount): void => undefined;
    const evaluation = runProtocol(model, { protocols: group, seed: 1, convention: 'left-out' }, (visit) => {
      start({
        visit,
        end: async () => {
          end({ used: 1, leftOut: 0, source: 'recording' });
          await evaluation;
        },
      });
      return new Promise((resolve) => {
        end = resolve;
      });
    });
  });
}

/** Tells the images of one frame apart, cheaply beside a run of the model. */
function fingerprint(data: Uint8Array): number {
  let hash = 0;
  for (let i = 0; i < data.length; i += 3) hash = (Math.imul(hash, 31) + data[i]!) | 0;
  return hash;
}

/** Hides from a segmenter that an image was seen before, but at the same place of the set before. */
function onlyByPlace(segmenter: Segmenter): Pick<FrameSegmenter, 'segment'> {
  let before: { image: ModalityImage; copy: ModalityImage }[] = [];
  return {
    segment: (frameSet) => {
      const shown = segmenter.bundle.modalities.flatMap(({ name }) => frameSet.images.get(name) ?? []);
      before = shown.map((image, place) => {
        const last = before[place];
        return last?.image === image ? last : { image, copy: { ...image } };
      });
      return segmenter.segment({ ...frameSet, images: new Map(before.map(({ copy }) => [copy.modality, copy])) });
    },
  };
}

function isProtocol(name: string): name is Protocol {
  if (PROTOCOLS.some((known) => known === name)) return true;
  throw new Error(`Expected ${PROTOCOLS.join(', ')} for --protocol but received '${name}'.`);
}
