import { faultBinding } from '../../dropout/index.js';
import { resizeLabelsNearest } from '../../evaluation/index.js';
import { injectFaults, parseScenario } from '../../faults/index.js';
import type { RawMessage } from '../../messages/index.js';
import { DEFAULT_PIPELINE_CONFIG, type FrameResult } from '../../pipeline/index.js';
import { runPipeline, withReplaySource } from '../../replay/index.js';
import { colourTable, paintOverlay, type RgbImage, sensorView } from '../../report/index.js';
import type { FilmFrame } from './draw_frame.js';

/** The part of the bag that is shown, and the loss in it: within one condition, long enough before, during and after. */
const SECONDS = 4;
const LOSS = { from: 1.2, to: 2.7 };

/**
 * Replays the beginning of a bag, its camera lost for a while, and gives what is to be drawn of each mask.
 * @param model - folder of the bundle
 */
export function filmFrames(bag: string, model: string): Promise<FilmFrame[]> {
  const scenario = parseScenario(
    `{ name: camera-lost, faults: [{ fault: drop, modality: camera, at: ${LOSS.from}, until: ${LOSS.to} }] }`,
    'the scenario of the picture',
  );
  return withReplaySource({ bag, model, config: DEFAULT_PIPELINE_CONFIG, provider: 'auto' }, async (source) => {
    const { bundle } = source;
    const camera = bundle.modalities.find(({ representation }) => representation.kind === 'rgb')?.name;
    const colours = colourTable(bundle.classes);
    const start = source.bag.info.start!;
    const seconds = (stamp: bigint) => Number(stamp - start) / 1e9;
    const frames: FilmFrame[] = [];
    const views = new Map<string, RgbImage>();
    const see = async (frame: FrameResult): Promise<void> => {
      const { segmentation, images, absent, arrivedAt, grid } = frame;
      const size = grid.pictureSize ?? segmentation;
      const labels = resizeLabelsNearest(segmentation.labels, segmentation, size);
      const tiles = bundle.modalities.map(({ name, representation }) => {
        const image = images.get(name);
        if (image !== undefined) views.set(name, sensorView(image, representation.kind));
        const isHere = segmentation.present.includes(name);
        const silence = Math.max(0, seconds(arrivedAt) - LOSS.from).toFixed(1);
        const why = name === camera ? `no image for ${silence} s` : (absent.get(name) ?? 'absent');
        return { name, view: views.get(name), lost: isHere ? undefined : why };
      });
      frames.push({
        tiles,
        overlay: await paintOverlay(frame, camera, { size, labels, colours, opacity: 0.55 }),
        progress: Math.min(1, seconds(arrivedAt) / SECONDS),
        losses: [{ from: LOSS.from / SECONDS, to: LOSS.to / SECONDS }],
      });
    };
    const nothing = () => undefined;
    await runPipeline(source, {
      rate: 'max',
      listener: {
        published: see,
        dropped: nothing,
        modalityChanged: nothing,
        problem: nothing,
        groundTruth: nothing,
        condition: nothing,
      },
      transform: (messages) =>
        injectFaults(firstSeconds(messages), {
          scenario,
          binding: faultBinding(source),
          seed: 1,
          startStamp: start,
          onProblem: nothing,
        }),
    });
    return frames;
  });
}

async function* firstSeconds(messages: AsyncIterable<RawMessage>): AsyncGenerator<RawMessage> {
  let end: bigint | undefined;
  for await (const message of messages) {
    end ??= message.receiveStamp + BigInt(SECONDS * 1e9);
    if (message.receiveStamp > end) return;
    yield message;
  }
}
