import assert from 'node:assert/strict';
import { join } from 'node:path';
import { FaultInjector, loadScenarios, parseScenario, scenarioSchema } from '../../src/faults/index.js';
import { projectRoot } from '../support/shared_data.js';
import { BINDING, injector } from './support.js';

const LIBRARY = join(projectRoot, 'config', 'scenarios');

describe('scenarios', () => {
  for (const [what, faults, message] of [
    [
      'an unknown fault',
      '[{ fault: vanish, modality: camera }]',
      /Expected one of drop, decimate, .* for faults\[0\]\.fault in s\.yaml but received "vanish"/,
    ],
    [
      'a missing parameter',
      '[{ fault: delay, modality: camera }]',
      /Expected number for faults\[0\]\.byMs in s\.yaml but received nothing/,
    ],
    [
      'a parameter of another fault',
      '[{ fault: drop, modality: camera, gain: 2 }]',
      /Expected only known keys for faults\[0\] in s\.yaml but received gain/,
    ],
    [
      'a value out of range',
      '[{ fault: salt-pepper, modality: camera, density: 2 }]',
      /Expected at most 1 for faults\[0\]\.density in s\.yaml but received 2/,
    ],
    [
      'an end before the beginning',
      '[{ fault: drop, modality: camera, at: 3, until: 2 }]',
      /Expected more than 3 for faults\[0\]\.until in s\.yaml but received 2/,
    ],
    ['no fault', '[]', /Expected at least 1 for faults in s\.yaml but received \[\]/],
    [
      'text that is no YAML',
      '[{',
      /Expected YAML for the scenario s\.yaml but its parser says: [^\n]+ at line \d+, column \d+\.$/,
    ],
  ] as const) {
    it(`refuses ${what} in one sentence`, () => {
      assert.throws(() => parseScenario(`name: s\nfaults: ${faults}`, 's.yaml'), message);
    });
  }

  it('refuses a modality that is not there, and a fault its sensor cannot have', () => {
    assert.throws(
      () => injector('fault: drop, modality: radar'),
      /Expected all or some of camera, depth, events, lidar .* 'radar'/,
    );
    assert.throws(
      () => injector('fault: motion-blur, modality: lidar'),
      /Expected camera for the fault motion-blur but received modality lidar/,
    );
  });

  it('refuses paths without scenarios, and one name for two', async () => {
    await assert.rejects(loadScenarios(['nowhere']), /Expected a scenario file or folder but nowhere does not exist/);
    await assert.rejects(
      loadScenarios([join(projectRoot, 'src', 'faults')]),
      /Expected \.yaml files in .* but found none/,
    );
    const one = join(LIBRARY, 'jitter.yaml');
    await assert.rejects(loadScenarios([one, one]), /Expected different names .* 'jitter' twice/);
  });
});

describe('the library of scenarios', () => {
  it('holds what a test engineer asks for first, each valid for the bundled rig', async () => {
    const scenarios = await loadScenarios([LIBRARY]);
    const names = scenarios.map(({ name }) => name);
    const singles = ['camera', 'depth', 'events', 'lidar'].flatMap((modality) =>
      ['lost', 'frozen', 'late', 'noisy'].map((state) => `${modality}-${state}`),
    );
    const others = [
      ...['lidar-sector-loss', 'camera-blackout', 'camera-overexposed', 'camera-flicker', 'camera-and-depth-lost'],
      ...['only-camera', 'only-depth', 'only-events', 'only-lidar', 'cascade', 'all-lost', 'clock-jump', 'jitter'],
      ...['motion-blur', 'over-exposure', 'under-exposure', 'lidar-jitter', 'event-low-resolution'].map(
        (f) => `deliver-${f}`,
      ),
    ];
    for (const name of [...singles, ...others]) assert.ok(names.includes(name), name);
    for (const scenario of scenarios) {
      assert.ok(scenario.description.length > 10 && Object.keys(scenario.expect).length > 0, scenario.name);
      new FaultInjector({ scenario, binding: BINDING, seed: 1 });
    }
  });

  it('uses every fault there is', async () => {
    const used = new Set((await loadScenarios([LIBRARY])).flatMap(({ faults }) => faults.map(({ fault }) => fault)));
    const known = scenarioSchema.shape.faults.element.options.map(({ shape }) => shape.fault.value);
    assert.deepEqual(
      known.filter((fault) => !used.has(fault)),
      [],
    );
  });
});
