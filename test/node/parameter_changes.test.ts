import assert from 'node:assert/strict';
import { judgeChanges, type ParameterState, type ParameterValue } from '../../src/configuration/index.js';
import { RIG } from './support/modalities.js';

type Values = Record<string, ParameterValue>;

function judge(phase: ParameterState['phase'], changes: Values, current: Values = {}) {
  const state = { values: new Map(Object.entries(current)), modalities: RIG, phase };
  return judgeChanges(state, new Map(Object.entries(changes)));
}

function reason(...args: Parameters<typeof judge>): string {
  const outcome = judge(...args);
  return outcome.kind === 'refused' ? outcome.reason : 'accepted';
}

describe('changes of parameters', () => {
  const timing: [name: string, value: ParameterValue, phases: ParameterState['phase'][]][] = [
    ['modalities.lidar.enabled', false, ['unconfigured', 'inactive', 'active']],
    ['sync.deadline_ms', 50, ['unconfigured', 'inactive', 'active']],
    ['outputs.overlay.opacity', 0.2, ['unconfigured', 'inactive', 'active']],
    ['modalities.lidar.topic', '/ouster/points', ['unconfigured', 'inactive']],
    ['base_frame', 'base_footprint', ['unconfigured', 'inactive']],
    ['model', '/opt/model', ['unconfigured']],
    ['threads', 2n, ['unconfigured']],
    ['autostart', false, []],
  ];
  for (const [name, value, phases] of timing) {
    it(`take ${name} while ${phases.join(', ') || 'the process is not running'}`, () => {
      const accepted = (['unconfigured', 'inactive', 'active'] as const).filter(
        (phase) => judge(phase, { [name]: value }).kind === 'accepted',
      );
      assert.deepEqual(accepted, phases);
    });
  }

  it('come back as settings and as values for the next change', () => {
    const outcome = judge('active', { 'sync.deadline_ms': 50 }, { threads: 2n });
    assert.equal(outcome.kind, 'accepted');
    if (outcome.kind !== 'accepted') return;
    assert.equal(outcome.settings.pipeline.sync.deadlineMs, 50);
    assert.equal(outcome.settings.model.threads, 2);
    assert.deepEqual(
      [...outcome.values],
      [
        ['threads', 2n],
        ['sync.deadline_ms', 50],
      ],
    );
  });

  it('to what is in force already are no changes', () => {
    assert.equal(reason('active', { model: '', autostart: true, threads: 0n }), 'accepted');
    assert.equal(reason('active', { threads: 2 }, { threads: 2n }), 'accepted');
  });

  it('are made together or not at all', () => {
    const file = { 'modalities.camera.camera_info_file': '/cal.yaml' };
    const frame = { 'modalities.camera.camera_info_frame': 'camera_optical' };
    assert.match(reason('inactive', file), /^Expected the frame of \/cal\.yaml/);
    assert.equal(reason('inactive', { ...file, ...frame }), 'accepted');
  });

  it('are refused with every reason and with what to do', () => {
    assert.equal(
      reason('active', { 'outputs.overlay.opacity': 2, threads: 3, 'sync.deadline': 50 }),
      "Expected the name of a parameter but received 'sync.deadline', which has no effect. Did you mean sync.deadline_ms? " +
        'Expected a number from 0 to 1 for outputs.overlay.opacity but received 2. ' +
        'Expected threads to be set while the node is unconfigured but it is active: ' +
        'deactivate it, clean it up, set threads and configure it again.',
    );
    assert.equal(
      reason('inactive', { provider: 'cpu' }),
      'Expected provider to be set while the node is unconfigured but it is inactive: ' +
        'clean it up, set provider and configure it again.',
    );
  });
});
