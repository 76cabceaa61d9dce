import assert from 'node:assert/strict';
import { adviseSensorReason, describeSensorReason, type SensorReason } from '../../src/sensors/index.js';

/** One of each code. */
const EXAMPLES = {
  undecodable: { code: 'undecodable', detail: 'Expected a whole picture but received 3 bytes' },
  'camera-info-missing': { code: 'camera-info-missing', modality: 'depth', placed: { frame: 'ir', gridFrame: 'left' } },
  'camera-info-unusable': {
    code: 'camera-info-unusable',
    modality: 'camera',
    detail: 'Expected focal lengths above 0',
  },
  'camera-info-size': {
    code: 'camera-info-size',
    modality: 'camera',
    expected: { width: 1280, height: 720 },
    received: { width: 640, height: 480 },
  },
  'transform-missing': { code: 'transform-missing', source: 'os_lidar', target: 'left', targetRoot: 'chassis' },
  'camera-info-outdated': {
    code: 'camera-info-outdated',
    modality: 'depth',
    detail: 'Expected a focal length above 0 but received NaN',
  },
  'camera-info-frame': { code: 'camera-info-frame', modality: 'depth', expected: 'depth_optical', received: 'depth' },
  'shape-unplaced': {
    code: 'shape-unplaced',
    modality: 'depth',
    expected: { width: 640, height: 384 },
    received: { width: 320, height: 240 },
  },
  'transform-loop': { code: 'transform-loop', frames: ['mast', 'left'] },
  'transform-stale': { code: 'transform-stale', parent: 'mast', child: 'left', distanceMs: 812.4, toleranceMs: 200 },
  black: { code: 'black' },
  saturated: { code: 'saturated' },
  frozen: { code: 'frozen' },
  empty: { code: 'empty' },
  'no-return': { code: 'no-return' },
  noisy: { code: 'noisy' },
  'part-stuck': { code: 'part-stuck', share: 0.47 },
  'content-old': { code: 'content-old', seconds: 1, against: ['camera', 'lidar'] },
  'content-repeats': { code: 'content-repeats', seconds: 2 },
  misplaced: { code: 'misplaced', right: -0.12, down: 0.05, against: ['camera', 'depth'] },
} as const satisfies Record<SensorReason['code'], SensorReason>;

describe('reasons of sensors', () => {
  for (const reason of Object.values(EXAMPLES)) {
    it(`are one sentence with its data: ${reason.code}`, () => {
      const text = describeSensorReason(reason);
      assert.match(text, /^[^\n]{10,}[^.\n]$/);
      for (const value of Object.values(reason)) {
        if (typeof value === 'string' && value !== reason.code) assert.ok(text.includes(value), `${value} in ${text}`);
      }
    });
  }

  it('say on which side, and of whom', () => {
    assert.equal(
      describeSensorReason(EXAMPLES.misplaced),
      'what it sees lies 12 % of the width left of and 5 % of the height below what camera and depth see',
    );
    assert.equal(
      describeSensorReason({ code: 'misplaced', right: 0.1, down: 0, against: ['camera'] }),
      'what it sees lies 10 % of the width right of what camera sees',
    );
    assert.equal(
      describeSensorReason(EXAMPLES['content-old']),
      'the content is about 1.0 s older than that of camera and lidar',
    );
    assert.equal(
      describeSensorReason(EXAMPLES['part-stuck']),
      '47 % of the picture stand still while the rest of it moves',
    );
  });

  it('ask for nothing that a recording cannot do', () => {
    for (const reason of Object.values(EXAMPLES)) {
      const words = `${describeSensorReason(reason)}. ${adviseSensorReason(reason, 'recording') ?? ''}`;
      assert.doesNotMatch(words, /publish|driver|start |remap|alive/i, reason.code);
    }
  });

  it('name the parameter that helps, at both places', () => {
    for (const place of ['robot', 'recording'] as const) {
      assert.match(adviseSensorReason(EXAMPLES['transform-missing'], place) ?? '', /static_transforms/);
      assert.match(
        adviseSensorReason(EXAMPLES['camera-info-missing'], place) ?? '',
        /modalities\.depth\.camera_info_file/,
      );
    }
  });
});
