/**
 * A storm of random scenarios: `npm run soak -- storm [--minutes 10] [--seed 1] [--first 0] [--scenarios N]
 * [--malloc usual]`. The first seconds of the sample bag are run under one random scenario after the other, of one to four
 * faults. Whatever fails: nothing throws; stamps of masks rise, and are those of messages; no mask has an image farther from
 * its stamp than the synchroniser may accept; each message and each set is counted once; and some time after the last fault all
 * masks are again those of the run without faults, byte for byte. A scenario that fails is printed with the options that run
 * it again.
 */
import { stringify } from 'yaml';
import { faultBinding, LARGEST_TOLERANCE_NS } from '../../src/dropout/index.js';
import { areEqualLabels } from '../../src/dropout/packed_labels.js';
import type { MaskRecord, RunRecord } from '../../src/dropout/run_record.js';
import { injectFaults, type Scenario } from '../../src/faults/index.js';
import type { RawMessage, Stamp } from '../../src/messages/index.js';
import { DEFAULT_PIPELINE_CONFIG } from '../../src/pipeline/index.js';
import { Random } from '../../src/random/random.js';
import { type ReplaySource, runPipeline, withReplaySource } from '../../src/replay/index.js';
import type { SynchronizerStatus } from '../../src/sync/index.js';
import { TINY_BUNDLE } from '../../test/ros/support/node.js';
import { TOWN } from '../../test/ros/support/town.js';
import { Endurance, optionsOf, positive } from './support/endurance.js';
import { ownFigures } from './support/memory.js';
import { LONGEST_DELAY_SECONDS, randomScenario, STORM } from './support/random_scenario.js';
import { StormRecording } from './support/storm_recording.js';

/** All sensors of the sample work until then. */
const SECONDS = 5.5;
/** The synchroniser promises to have forgotten what was before within two seconds; a mask is made a frame or two later. */
const FORGOTTEN_SECONDS = 2.5;
const JUDGED_FROM = STORM.until + LONGEST_DELAY_SECONDS + FORGOTTEN_SECONDS;

const options = optionsOf(
  { minutes: '10', seed: '1', first: '0', scenarios: 'any', model: TINY_BUNDLE },
  'this-process',
);
const run = new Endurance({ minutes: positive('minutes', options.minutes), read: ownFigures, series: options.series });
const counts = { scenarios: 0, recoveries: 0, masks: 0, lost: 0, resets: 0 };

interface Outcome {
  record: RunRecord;
  recording: StormRecording;
  status: SynchronizerStatus;
}

async function runOnce(source: ReplaySource, scenario: Scenario | undefined, seed: string): Promise<Outcome> {
  const recording = new StormRecording(source);
  const { status } = await runPipeline(source, {
    rate: 'max',
    listener: recording,
    onMessage: (raw) => recording.received(raw),
    transform: (messages) => {
      const beginning = firstSeconds(messages);
      if (scenario === undefined) return beginning;
      return injectFaults(beginning, { scenario, binding: faultBinding(source), seed, onProblem: () => undefined });
    },
  });
  return { record: recording.record(), recording, status };
}

async function* firstSeconds(messages: AsyncIterable<RawMessage>): AsyncGenerator<RawMessage> {
  let until: Stamp | undefined;
  for await (const message of messages) {
    until ??= message.receiveStamp + BigInt(SECONDS * 1e9);
    if (message.receiveStamp > until) return;
    yield message;
  }
}

/** What went wrong, one sentence each. */
function* violationsOf(scenario: Scenario, clean: Outcome, { record, recording, status }: Outcome): Generator<string> {
  const { masks } = record;
  yield* recording.violations;
  for (const { stamp, stampOrigin, imageDistance } of masks) {
    if (stampOrigin !== 'delivered') yield `the stamp ${stamp} of a mask is ${stampOrigin}`;
    for (const [modality, distance] of imageDistance) {
      if (distance > LARGEST_TOLERANCE_NS) yield `the mask of ${stamp} has ${modality} ${distance / 1e6} ms beside it`;
    }
  }
  const { complete, partial, dropped } = status.sets;
  const told = masks.length + recording.lost;
  if (told !== complete + partial + dropped) {
    yield `${told} masks and losses were told of ${complete + partial + dropped} sets that were closed`;
  }
  for (const { modality, counters, held } of status.modalities) {
    const { received, used, superseded, repeated, outOfOrder, ignored, cleared, malformed } = counters;
    const delivered = recording.delivered(modality);
    if (received + malformed !== delivered) {
      yield `${modality}: ${received} received and ${malformed} malformed of ${delivered} messages`;
    }
    const fates = used + superseded + repeated + outOfOrder + ignored + cleared + held;
    if (fates !== received) yield `${modality}: ${fates} samples have a fate of ${received} received`;
  }
  if (scenario.faults.every(({ until }) => until !== undefined)) yield* unlike(clean.record, masks);
}

/** Masks of the last frames that are not those of the clean run. */
function* unlike({ masks: wanted, span }: RunRecord, masks: readonly MaskRecord[]): Generator<string> {
  const from = span.first + BigInt(Math.round(JUDGED_FROM * 1e9));
  const byStamp = new Map(masks.map((mask) => [mask.stamp, mask]));
  for (const mask of wanted.filter(({ publishedAt }) => publishedAt >= from)) {
    const found = byStamp.get(mask.stamp);
    const when = `${(Number(mask.publishedAt - span.first) / 1e9).toFixed(2)} s`;
    if (found === undefined) yield `there is no mask of ${when} again`;
    else if (found.present.join() !== mask.present.join())
      yield `the mask of ${when} is made of ${found.present.join()}`;
    else if (!areEqualLabels(found.labels, mask.labels))
      yield `the mask of ${when} has other labels than without faults`;
  }
}

const source = {
  bag: TOWN,
  model: options.model,
  config: DEFAULT_PIPELINE_CONFIG,
  provider: 'cpu',
  threads: 1,
} as const;
await withReplaySource(source, async (opened) => {
  const binding = faultBinding(opened);
  const clean = await runOnce(opened, undefined, 'clean');
  const first = Number(options.first);
  const last =
    options.scenarios === 'any' ? Number.POSITIVE_INFINITY : first + positive('scenarios', options.scenarios);
  for (let index = first; index < last && !(options.scenarios === 'any' && run.isOver); index++) {
    const scenario = randomScenario(`storm-${index}`, binding, new Random(options.seed, 'storm', index));
    let found: string[];
    try {
      const outcome = await runOnce(opened, scenario, `${options.seed}/${index}`);
      found = [...violationsOf(scenario, clean, outcome)];
      counts.masks += outcome.record.masks.length;
      counts.lost += outcome.recording.lost;
      counts.resets += outcome.status.resets;
    } catch (error) {
      found = [`threw ${(error as Error).stack}`];
    }
    counts.scenarios++;
    if (scenario.faults.every(({ until }) => until !== undefined)) counts.recoveries++;
    if (found.length > 0) {
      const again = `npm run soak -- storm --seed ${options.seed} --first ${index} --scenarios 1`;
      run.violation(`${again}: ${found.length === 1 ? found[0] : `${found[0]} (and ${found.length - 1} more)`}`);
      console.error(`${again}\n${found.map((each) => `  ${each}`).join('\n')}\n${stringify(scenario.faults)}`);
    }
    await run.sample();
  }
});
process.exitCode = run.finish({ lane: 'storm', malloc: options.malloc, seed: options.seed, ...counts });
