import type { BagReader } from '../../bags/index.js';
import type { RawMessage, Stamp } from '../../messages/index.js';
import type { Bundle } from '../../model/index.js';
import type {
  FrameResult,
  ModalityChange,
  PipelineConfig,
  ProblemAbout,
  TopicSelection,
} from '../../pipeline/index.js';
import { imagesOnly, runPipeline, SensorFaults } from '../../replay/index.js';
import { type Problem, ProblemList } from '../../report/index.js';
import { type ConfiguredCalibration, describeSensorNotice, type SensorNotice } from '../../sensors/index.js';

/** What a dry run needs: everything a replay does but the model. */
export interface DryRunSource {
  bag: BagReader;
  bundle: Bundle;
  config: PipelineConfig;
  configured: ConfiguredCalibration;
  selection: TopicSelection;
}

/** What came of the first seconds of a bag. */
export interface DryRun {
  /** Seconds looked at, from the first message of a sensor. */
  seconds: number;
  /** Frames a replay would have made masks of, and those it would have dropped, by the reason. */
  frames: number;
  dropped: ReadonlyMap<string, number>;
  /** By modality. */
  sensors: ReadonlyMap<string, DrySensor>;
  /** What a replay would report, in the same words. */
  problems: readonly Problem[];
  notices: readonly SensorNotice[];
  /** Topics of sensors that say nothing in the first seconds and were looked at where they begin. */
  lateTopics: ReadonlySet<string>;
}

/** How one sensor fared. */
export interface DrySensor {
  /** State at the end, and why, in the words of status and diagnostics. */
  state: string;
  reason: string | undefined;
  /** Messages, and frames it was part of. */
  messages: number;
  frames: number;
  /** Mean share of the picture that it says something about, 0..1; undefined where no image was made. */
  coverage: number | undefined;
}

/**
 * Plays some seconds of a bag through the very objects of a replay, without the model.
 * @param from - begins with the first message of any sensor, or of one of these topics, before which only calibration
 * is read
 */
export async function dryRun(
  source: DryRunSource,
  seconds: number,
  from: 'first' | ReadonlySet<string>,
): Promise<DryRun> {
  const problems = new ProblemList();
  const faults = new SensorFaults({
    problem: (severity, text, at, subject) => problems.add(severity, text, at, subject),
    problemLasted: (text, until) => problems.lasted(text, until),
  });
  const notices = new Map<string, SensorNotice>();
  const dropped = new Map<string, number>();
  const images = new Map<string, { frames: number; coverage: number }>();
  let frames = 0;
  const inputs = inputTopics(source.selection);
  const { status } = await runPipeline(
    { ...source, segmenter: imagesOnly(source.bundle) },
    {
      rate: 'max',
      transform: (messages) => stretch(messages, inputs, from, BigInt(Math.round(seconds * 1e9))),
      listener: {
        published: (frame: FrameResult) => {
          frames++;
          for (const [modality, { data }] of frame.images) {
            const seen = images.get(modality) ?? { frames: 0, coverage: 0 };
            images.set(modality, { frames: seen.frames + 1, coverage: seen.coverage + coverageOf(data) });
          }
        },
        dropped: ({ reason }) => void dropped.set(reason, (dropped.get(reason) ?? 0) + 1),
        modalityChanged: (change: ModalityChange) => faults.changed(change),
        problem: (text: string, at: Stamp, about?: ProblemAbout) => faults.problem(text, at, about),
        notice: (notice) =>
          void (notice.code !== 'classes-unlabeled' && notices.set(describeSensorNotice(notice), notice)),
        groundTruth: () => undefined,
        condition: () => undefined,
      },
    },
  );
  const sensors = status.modalities.map(({ modality, state, reason, counters }): [string, DrySensor] => {
    const seen = images.get(modality);
    return [
      modality,
      {
        state,
        reason,
        messages: counters.received + counters.malformed,
        frames: seen?.frames ?? 0,
        coverage: seen && seen.coverage / seen.frames,
      },
    ];
  });
  return {
    seconds,
    frames,
    dropped,
    sensors: new Map(sensors),
    problems: problems.list(),
    notices: [...notices.values()],
    lateTopics: new Set(),
  };
}

function inputTopics({ modalities }: TopicSelection): ReadonlySet<string> {
  return new Set([...modalities.values()].flatMap((input) => (input.kind === 'assigned' ? [input.topic] : [])));
}

/** So long a stretch from the first message of one of the topics on, and all calibration that was logged before it. */
async function* stretch(
  messages: AsyncIterable<RawMessage>,
  inputs: ReadonlySet<string>,
  from: 'first' | ReadonlySet<string>,
  span: bigint,
): AsyncGenerator<RawMessage> {
  let end: Stamp | undefined;
  for await (const raw of messages) {
    const isInput = inputs.has(raw.topic);
    if (end === undefined && isInput && (from === 'first' || from.has(raw.topic))) end = raw.receiveStamp + span;
    if (end === undefined && isInput) continue;
    if (end !== undefined && raw.receiveStamp > end) return;
    yield raw;
  }
}

/** Share of pixels that are not 0, which means "nothing known". */
function coverageOf(data: Uint8Array): number {
  let known = 0;
  for (let i = 0; i < data.length; i += 3) if ((data[i]! | data[i + 1]! | data[i + 2]!) !== 0) known++;
  return data.length === 0 ? 0 : (3 * known) / data.length;
}
