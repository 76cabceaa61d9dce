import assert from 'node:assert/strict';
import { encodeMessage } from '../../src/messages/index.js';
import { DEFAULT_PIPELINE_CONFIG, describeContent, isDescribable, selectTopics } from '../../src/pipeline/index.js';
import { ReplayRecorder, renderReport, replaySummarySchema } from '../../src/report/index.js';
import { loadDrive } from '../../src/simulation/index.js';
import { synchronizerOptions } from '../../src/sync/index.js';

/** Names that every plain object answers to. */
const NAMES = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', '__proto__'];

describe('names that plain objects answer to', () => {
  for (const name of NAMES) {
    it(`are names of modalities like any other: ${name}`, () => {
      const { streams } = synchronizerOptions([{ modality: name, match: 'nearest' }], DEFAULT_PIPELINE_CONFIG.sync);
      const plain = synchronizerOptions([{ modality: 'camera', match: 'nearest' }], DEFAULT_PIPELINE_CONFIG.sync);
      assert.deepEqual({ ...streams[0], modality: 'camera' }, plain.streams[0]);
      const topics = [{ name: '/image', type: 'sensor_msgs/msg/Image', messageCount: 3 }];
      const selection = selectTopics(topics, [{ name, representation: { kind: 'rgb' } }], {
        modalities: {},
        cameraInfo: {},
      });
      assert.ok(!selection.problems.some((problem) => problem.includes('function')), selection.problems.join());
    });

    it(`are types of messages like any other: ${name}`, async () => {
      assert.equal(isDescribable(name), false);
      const data = encodeMessage('std_msgs/msg/String', { data: '' });
      assert.equal(await describeContent({ topic: '/t', type: name, data, receiveStamp: 0n }), undefined);
    });

    it(`are stretches and modalities of a report: ${name}`, async () => {
      const recorder = new ReplayRecorder({
        bag: { path: 'b', name: 'b', source: 'recording' },
        model: { name: 'm', sha256: '', trainedOn: '' },
        modalities: [name],
        classes: [{ id: 0, name, color: [0, 0, 0] }],
        provider: 'cpu',
      });
      await recorder.published({
        segmentation: {
          stamp: 0n,
          frameId: '',
          width: 1,
          height: 1,
          labels: new Uint8Array(1),
          confidence: new Uint8Array(1),
          present: [name],
          routing: new Map([[name, [1]]]),
          timings: { encodeMs: 0, headMs: 0, totalMs: 0 },
        },
        arrivedAt: 0n,
        absent: new Map(),
        latencyMs: { decode: 0, syncWait: 0, inference: 0, total: 0 },
        groundTruth: { width: 1, height: 1, labels: new Uint8Array(1) },
        stretch: name,
      });
      const { summary, report } = recorder.finish({ wallSeconds: 1 });
      assert.equal(Object.hasOwn(summary.modalities, name), true);
      assert.equal(JSON.parse(JSON.stringify(summary.score!.stretches))[name].frames, 1);
      if (name !== '__proto__') replaySummarySchema.parse(summary);
      assert.ok((await renderReport(report)).includes(name));
    });
  }

  it('are no drives', async () => {
    await assert.rejects(loadDrive('constructor'), /constructor/);
  });
});
