import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BagWriter, openBag } from '../../src/bags/index.js';
import { renderDropoutPage, runDropout } from '../../src/dropout/index.js';
import { parseScenario } from '../../src/faults/index.js';
import { decodeMessage, encodeMessage, type Image, type RawMessage } from '../../src/messages/index.js';
import { DEFAULT_PIPELINE_CONFIG, type PipelineConfig } from '../../src/pipeline/index.js';
import { MASK_TOPICS, replayBag, withReplaySource } from '../../src/replay/index.js';
import { type ReplaySummary, replaySummarySchema } from '../../src/report/index.js';
import { runProtocol, visitBagFrames } from '../../src/robustness/index.js';
import { projectRoot } from '../support/shared_data.js';
import { TINY_TOPICS } from '../support/tiny_rig.js';
import { BROKEN_PICTURES, broken, drive, SENSORS, type Target, TOPICS } from './broken_messages.js';

const BUNDLE = join(projectRoot, 'test/fixtures/tiny-bundle');
const CONFIG: PipelineConfig = { ...DEFAULT_PIPELINE_CONFIG, topics: { modalities: TINY_TOPICS } };
const SECONDS = 5;
const ALL = Object.keys(TOPICS) as Target[];

describe('broken messages through whole products', function () {
  this.timeout(120_000);
  let folder: string;
  let count = 0;
  let clean: ReplaySummary;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-sweep-'));
    clean = await replay(drive(SECONDS));
    assert.deepEqual(clean.problems, []);
    assert.equal(clean.frames.published, 50);
    assert.equal(clean.score?.frames, 50);
    assert.ok(clean.score?.stretches.night);
  });
  after(() => rmSync(folder, { recursive: true }));

  async function write(messages: readonly RawMessage[]): Promise<string> {
    const path = join(folder, `${count++}.mcap`);
    const writer = await BagWriter.create(path);
    for (const { topic, type, data, receiveStamp } of messages) {
      await writer.write({ topic, type, data, logTime: receiveStamp });
    }
    await writer.close();
    return path;
  }

  const options = (bag: string) => ({ bag, model: BUNDLE, config: CONFIG, provider: 'cpu', threads: 1 }) as const;

  /** Replays, and checks that all outputs are whole. */
  async function replay(messages: readonly RawMessage[]): Promise<ReplaySummary> {
    const bag = await write(messages);
    const { summary, paths } = await replayBag({ ...options(bag), out: bag.replace('.mcap', ''), rate: 'max' });
    assert.deepEqual(replaySummarySchema.parse(JSON.parse(readFileSync(paths.summary, 'utf8'))), summary);
    assert.equal(summary.partial, false);
    const masks = await openBag(paths.masks);
    let made = 0;
    for await (const raw of masks.messages({ topics: [MASK_TOPICS.mask] })) {
      assert.equal(decodeMessage<Image>(raw).data.length, 64 * 32);
      made++;
    }
    assert.deepEqual([made, masks.info.problems], [summary.frames.published, []]);
    await masks.close();
    assert.ok(readFileSync(paths.report, 'utf8').endsWith('</html>\n'), 'the report is whole');
    return summary;
  }

  /** That nothing happened to a sensor. */
  function assertUntouched(summary: ReplaySummary, modality: string): void {
    const { messages, invalid, states } = summary.modalities[modality]!;
    const before = clean.modalities[modality]!;
    assert.deepEqual([messages, invalid], [before.messages, before.invalid], modality);
    for (const bad of ['invalid', 'dropped'] as const) assert.equal(states[bad] ?? 0, 0, `${modality} was ${bad}`);
  }

  const cases = ALL.flatMap((target) => ['a', 'b', 'c'].map((seed) => [target, seed] as const));
  for (const [target, seed] of cases) {
    it(`of ${target}, seed ${seed}: replay loses them alone, and tells each`, async () => {
      const { messages, surely } = await broken(drive(SECONDS), [target], `${target} ${seed}`);
      const summary = await replay(messages);
      for (const sensor of SENSORS) if (sensor !== target) assertUntouched(summary, sensor);
      // Another sensor paces the masks where the camera does not.
      assert.ok(summary.frames.published >= 0.9 * clean.frames.published, JSON.stringify(summary.frames));
      const own = SENSORS.find((sensor) => sensor === target);
      const lost = surely.get(target)!;
      if (own !== undefined) {
        const { messages: received, invalid } = summary.modalities[own]!;
        assert.equal(received, clean.modalities[own]!.messages, 'each is counted');
        // What no set was given is not looked at: of sensors it is those that were chosen.
        assert.ok(invalid >= 0.5 * lost, `${invalid} invalid of ${lost} broken`);
      }
      const place = own ?? (target === 'truth' ? 'Ground truth' : TOPICS[target]);
      const told = summary.problems.filter(({ text }) => text.includes(place));
      const times = told.reduce((sum, problem) => sum + problem.count, 0);
      assert.ok(times >= 0.5 * lost, `${times} told of ${lost} broken: ${JSON.stringify(summary.problems)}`);
      for (const { first, last } of told) {
        assert.ok(first !== null && last !== null && BigInt(first) <= BigInt(last), `${first} to ${last}`);
      }
      if (target === 'truth') {
        const scored = summary.score?.frames ?? 0;
        assert.ok(scored >= 50 - 17 && scored <= 50 - lost, `${scored} frames were scored`);
      }
    });
  }

  it('that come first on their topics: the topics are found all the same', async () => {
    const seen = new Set<string>();
    const messages = drive(SECONDS).map((message) => {
      const isCalibration = message.topic.endsWith('camera_info') || message.topic === TOPICS.transforms;
      if (isCalibration || seen.has(message.topic)) return message;
      seen.add(message.topic);
      return { ...message, data: message.data.slice(0, 9) };
    });
    const bag = await write(messages);
    const run = { ...options(bag), config: DEFAULT_PIPELINE_CONFIG, rate: 'max' } as const;
    const { summary } = await replayBag({ ...run, out: join(folder, 'first') });
    for (const sensor of SENSORS) assert.equal(summary.modalities[sensor]?.topic, TOPICS[sensor]);
    assert.ok(summary.frames.published >= 48 && summary.frames.complete >= 47, JSON.stringify(summary.frames));
    assert.equal(summary.score?.frames, 49);
  });

  it('of all topics at once: replay makes masks all the same', async () => {
    const { messages } = await broken(drive(SECONDS), ALL, 'all');
    const summary = await replay(messages);
    assert.ok(summary.frames.published >= 0.7 * clean.frames.published, JSON.stringify(summary.frames));
  });

  it('of a compressed camera: each broken picture costs one mask its camera', async () => {
    const pictures = await Promise.all(BROKEN_PICTURES.map(([, make]) => make()));
    const type = 'sensor_msgs/msg/CompressedImage';
    const sharp = (await import('sharp')).default;
    let k = 0;
    const messages: RawMessage[] = [];
    for (const message of drive(SECONDS)) {
      if (message.topic !== TOPICS.camera) {
        messages.push(message);
        continue;
      }
      const { header, data, width, height } = decodeMessage<Image>(message);
      const isBroken = ++k % 3 === 0;
      const png = await sharp(data, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer();
      const picture = isBroken ? pictures[(k / 3) % pictures.length]! : new Uint8Array(png);
      messages.push({
        ...message,
        type,
        data: encodeMessage(type, { header, format: 'rgb8; png compressed', data: picture }),
      });
    }
    const summary = await replay(messages);
    for (const sensor of SENSORS) if (sensor !== 'camera') assertUntouched(summary, sensor);
    assert.equal(summary.frames.published, 50);
    assert.equal(summary.modalities.camera!.invalid, 16);
    assert.equal(summary.frames.partial - clean.frames.partial, 16);
  });

  it('of all topics: dropout reports every scenario, and what was lost', async () => {
    const { messages } = await broken(drive(SECONDS), ALL, 'dropout');
    const bag = await write(messages);
    const scenario = (name: string, fault: string) =>
      parseScenario(`name: ${name}\nfaults:\n  - {${fault}, at: 2, until: 4}\n`, name);
    const scenarios = [
      scenario('noise', 'modality: all, fault: noise, level: 0.2'),
      scenario('blackout', 'modality: all, fault: blackout'),
      scenario('frozen', 'modality: all, fault: freeze'),
      scenario('late', 'modality: lidar, fault: delay, byMs: 400'),
      scenario('low', 'modality: events, fault: event-low-resolution, factor: 4'),
      scenario('sector', 'modality: lidar, fault: lidar-sector-loss, fromDegrees: -30, toDegrees: 30'),
    ];
    const outcome = await withReplaySource(options(bag), (source) => runDropout(source, { scenarios, seed: 3 }));
    assert.equal(outcome.failure, undefined);
    const { report } = outcome;
    assert.deepEqual([report.partial, report.scenarios.length], [false, scenarios.length]);
    assert.ok(report.cleanMasks >= 0.7 * clean.frames.published, String(report.cleanMasks));
    for (const place of [...SENSORS, 'Ground truth']) {
      assert.ok(
        report.problems.some(({ text }) => text.includes(place)),
        `${place} is told`,
      );
    }
    assert.ok((await renderDropoutPage(outcome)).endsWith('</html>\n'));
  });

  it('of all topics: evaluate scores the frames that are whole, and tells what was lost', async () => {
    const { messages } = await broken(drive(SECONDS), ALL, 'evaluate');
    const bag = await write(messages);
    const report = await withReplaySource(options(bag), (source) =>
      runProtocol(source, { protocols: ['absent'], seed: 1, convention: 'left-out' }, (visit) =>
        visitBagFrames(source, 1, visit),
      ),
    );
    assert.equal(report.partial, false);
    assert.ok(report.frames.used >= 5 && report.frames.used < 50, JSON.stringify(report.frames));
    for (const place of [...SENSORS, 'Ground truth']) {
      assert.ok(
        report.problems.some(({ text, count: times }) => text.includes(place) && times > 0),
        `${place} is told`,
      );
    }
  });
});
