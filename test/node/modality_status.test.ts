import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeMessage, encodeMessage } from '../../src/messages/index.js';
import {
  type ModalityStatusArrayMessage,
  modalityStatusArray,
  type NodeReport,
} from '../../src/node/diagnostics/index.js';
import type { ModalityState } from '../../src/sync/index.js';
import { projectRoot } from '../support/shared_data.js';
import { modalityStatus, nodeReport, silentTopic, topic } from './support/report.js';

function withLidar(state: ModalityState, lidarTopic = topic('lidar')): NodeReport {
  const report = nodeReport();
  const lidar = modalityStatus('lidar', { state, reason: 'because' });
  const sync = { ...report.sync!, modalities: [modalityStatus('camera'), lidar] };
  return { ...report, sync, topics: [topic('camera'), lidarTopic] };
}

describe('modality status', () => {
  it('tells every modality in the order of the model', () => {
    const { header, reference, modalities } = modalityStatusArray(withLidar('late'));
    assert.deepEqual(header, { stamp: { sec: 1_730_800_000, nanosec: 0 }, frame_id: '' });
    assert.equal(reference, 'camera');
    assert.deepEqual(
      modalities.map(({ name }) => name),
      ['camera', 'lidar'],
    );
    assert.deepEqual(modalities[1], {
      name: 'lidar',
      topic: '/lidar/image',
      type: 'sensor_msgs/msg/Image',
      state: 2,
      reason: 'because',
      essential: false,
      age_s: 0.02,
      rate_hz: 10.05,
      delay_ms: 31.5,
      received: 100n,
      used: 90n,
      rejected: 8n,
    });
  });

  it('numbers the states as ModalityStatus.msg does', async () => {
    const text = await readFile(join(projectRoot, 'msg', 'ModalityStatus.msg'), 'utf8');
    const numbers = [...text.matchAll(/^uint8 ([A-Z]+)=(\d+)/gm)].map(([, name = '', value]) => [
      name.toLowerCase(),
      Number(value),
    ]);
    assert.equal(numbers.length, 7);
    const told = numbers.map(([name]) => [
      name,
      modalityStatusArray(withLidar(name as ModalityState)).modalities[1]?.state,
    ]);
    assert.deepEqual(told, numbers);
  });

  it('says before the first message that there is none', () => {
    const report = withLidar('waiting', silentTopic('lidar'));
    const [, lidar] = modalityStatusArray(report).modalities;
    assert.equal(lidar?.rate_hz, 0);
    assert.ok(Number.isNaN(lidar.delay_ms), `${lidar.delay_ms}`);
  });

  it('says of a node that is not active that it is not', () => {
    const report = nodeReport({ life: { state: 'inactive', error: undefined }, sync: undefined, topics: [] });
    const { reference, modalities } = modalityStatusArray(report);
    assert.equal(reference, '');
    assert.deepEqual(
      modalities.map(({ name, state, reason, age_s, topic: name2 }) => [name, state, reason, age_s, name2]),
      [
        ['camera', 0, 'the node is inactive', -1, ''],
        ['lidar', 0, 'the node is inactive', -1, ''],
      ],
    );
  });

  it('survives the way through a message', () => {
    const type = 'mle_sam_ros/msg/ModalityStatusArray';
    const data = encodeMessage(type, modalityStatusArray(nodeReport()));
    const raw = { topic: '/mle_sam/modality_status', type, data, receiveStamp: 0n };
    const { modalities } = decodeMessage<ModalityStatusArrayMessage>(raw);
    assert.equal(modalities[0]?.received, 100n);
    assert.equal(modalities[1]?.topic, '/lidar/points');
  });
});
