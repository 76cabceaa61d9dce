import assert from 'node:assert/strict';
import { type Cause, causeOf } from '../../src/dropout/cause.js';
import { SHOWN_FAULTS } from '../../src/dropout/index.js';
import { faultSchema } from '../../src/faults/index.js';
import { describeReason, type Reason } from '../../src/sync/index.js';

/** One of every reason there is; the compiler holds the list against the codes. */
const REASONS: Readonly<Record<Reason['code'], readonly [Cause, Reason]>> = {
  silent: ['silence', { code: 'silent', silence: 3e8 }],
  overdue: ['silence', { code: 'overdue', silence: 15e7 }],
  'stamps-stand-still': ['standstill', { code: 'stamps-stand-still' }],
  'out-of-step': ['clock', { code: 'out-of-step', by: 5e8, offset: 5e8, against: ['depth', 'lidar'], tie: false }],
  'too-late': ['clock', { code: 'too-late', by: 1e8, deadline: 1e8 }],
  unmatched: ['clock', { code: 'unmatched', by: 1e8, reference: 'camera' }],
  moved: ['clock', { code: 'moved', by: 1e8, against: 'camera' }],
  'stamp-refused': ['clock', { code: 'stamp-refused', by: 1e9 }],
  drift: ['clock', { code: 'drift', rate: 0.02, by: 5e7, since: 3e9, against: 'camera', tolerance: 5e7 }],
  'rate-changed': ['rate', { code: 'rate-changed', before: 10, now: 5 }],
  'other-pace': ['clock', { code: 'other-pace', pace: 0.5 }],
  'too-early': ['clock', { code: 'too-early', by: 1e8, deadline: 1e8 }],
  'no-sets': ['clock', { code: 'no-sets', silence: 2e9, modality: 'camera', because: 'is silent' }],
  undecodable: [
    'unreadable',
    { code: 'undecodable', detail: 'Cannot decode a message of /c as sensor_msgs/msg/Image: end' },
  ],
  'camera-info-missing': ['calibration', { code: 'camera-info-missing', modality: 'depth' }],
  'camera-info-unusable': [
    'calibration',
    { code: 'camera-info-unusable', modality: 'depth', detail: 'Expected a focal length above 0 in the CameraInfo' },
  ],
  'camera-info-size': [
    'calibration',
    {
      code: 'camera-info-size',
      modality: 'depth',
      expected: { width: 2, height: 1 },
      received: { width: 3, height: 1 },
    },
  ],
  'camera-info-outdated': [
    'calibration',
    { code: 'camera-info-outdated', modality: 'depth', detail: 'Expected a focal length above 0 in the CameraInfo' },
  ],
  'camera-info-frame': [
    'calibration',
    { code: 'camera-info-frame', modality: 'depth', expected: 'depth_optical', received: 'depth_link' },
  ],
  'shape-unplaced': [
    'calibration',
    { code: 'shape-unplaced', modality: 'depth', expected: { width: 2, height: 1 }, received: { width: 3, height: 1 } },
  ],
  'transform-loop': ['calibration', { code: 'transform-loop', frames: ['a', 'b', 'a'] }],
  'transform-missing': ['calibration', { code: 'transform-missing', source: 'a', target: 'b' }],
  'transform-stale': [
    'calibration',
    { code: 'transform-stale', parent: 'a', child: 'b', distanceMs: 9, toleranceMs: 1 },
  ],
  black: ['black', { code: 'black' }],
  saturated: ['saturated', { code: 'saturated' }],
  frozen: ['frozen', { code: 'frozen' }],
  empty: ['nothing-there', { code: 'empty' }],
  'no-return': ['nothing-there', { code: 'no-return' }],
  noisy: ['contradictory', { code: 'noisy' }],
  'part-stuck': ['stuck-part', { code: 'part-stuck', share: 0.5 }],
  'content-old': ['stale-content', { code: 'content-old', seconds: 1, against: ['camera', 'lidar'] }],
  'content-repeats': ['stale-content', { code: 'content-repeats', seconds: 2 }],
  misplaced: ['mount', { code: 'misplaced', right: -0.12, down: 0, against: ['camera'] }],
};

describe('causeOf', () => {
  for (const [code, [cause, reason]] of Object.entries(REASONS)) {
    it(`reads ${code} as ${cause}, also where a doubt follows`, () => {
      assert.equal(causeOf(describeReason(reason)), cause);
      assert.equal(causeOf(`${describeReason(reason)}; 50 % of the picture stand still while the rest moves`), cause);
    });
  }

  it('reads nothing into a sentence it does not know', () => {
    assert.equal(causeOf(''), undefined);
    assert.equal(causeOf('all is well'), undefined);
  });
});

describe('the table of what has to be told', () => {
  it('shows every fault', () => {
    const all = faultSchema.options.map(({ shape }) => shape.fault.value);
    assert.deepEqual(
      all.filter((kind) => !SHOWN_FAULTS.has(kind)),
      [],
    );
  });
});
