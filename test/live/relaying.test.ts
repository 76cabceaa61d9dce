import assert from 'node:assert/strict';
import { join } from 'node:path';
import { loadScenarios } from '../../src/faults/index.js';
import { parseFaultState } from '../../src/live/fault_state.js';
import { renderJson } from '../../src/live/json.js';
import { commonQos } from '../../src/live/offer.js';
import { parseJournal, RelayJournal } from '../../src/live/relay_journal.js';
import { DEFAULT_RELAYED, parseRelayedTopics } from '../../src/live/relayed_topic.js';
import { ScenarioLibrary } from '../../src/live/scenario_library.js';
import { splitRosArguments } from '../../src/ros/index.js';
import { projectRoot } from '../support/shared_data.js';

const LIBRARY = join(projectRoot, 'config', 'scenarios');

describe('parseRelayedTopics', () => {
  it('reads modality, kind and topic, and names where messages go', () => {
    assert.deepEqual(parseRelayedTopics(['thermal:camera=/thermal/image', 'lidar=/points'], '/faulty'), [
      { modality: 'thermal', kind: 'camera', from: '/thermal/image', to: '/faulty/thermal/image' },
      { modality: 'lidar', kind: 'lidar', from: '/points', to: '/faulty/points' },
    ]);
    assert.deepEqual(
      parseRelayedTopics(DEFAULT_RELAYED, '/bad/wire').map(({ to }) => to),
      ['/bad/wire/camera/image', '/bad/wire/depth/image', '/bad/wire/events', '/bad/wire/lidar/points'],
    );
  });

  it('says what is wrong with a topic', () => {
    const cases: [string[], string, RegExp][] = [
      [['/camera/image'], '/faulty', /Expected MODALITY=\/topic .* but received '\/camera\/image'/],
      [['camera=image'], '/faulty', /Expected MODALITY=\/topic/],
      [['camera=/image raw'], '/faulty', /Expected MODALITY=\/topic/],
      [['camera=/2d/image'], '/faulty', /Expected MODALITY=\/topic/],
      [['thermal=/t'], '/faulty', /for the kind of sensor of thermal but received 'thermal': write thermal:KIND=\/t/],
      [['thermal:sonar=/t'], '/faulty', /camera, depth, events, lidar .* but received 'sonar'/],
      [['camera=/a', 'camera=/b'], '/faulty', /Expected each modality once but received 'camera' twice/],
      [['camera=/a', 'lidar=/a'], '/faulty', /Expected each relayed topic once but received '\/a' twice/],
      [['camera=/a'], 'faulty', /for the prefix of relayed topics but received 'faulty'/],
      [['camera=/a'], '', /for the prefix of relayed topics but received ''/],
    ];
    for (const [texts, prefix, expected] of cases) assert.throws(() => parseRelayedTopics(texts, prefix), expected);
  });
});

describe('commonQos', () => {
  const offer = (reliability: 'reliable' | 'best_effort', durability: 'volatile' | 'transient_local') => ({
    qos: { reliability, durability, depth: 1 },
  });

  it('takes what every publisher of a topic offers', () => {
    const [strong, weak] = [offer('reliable', 'transient_local'), offer('best_effort', 'volatile')];
    assert.deepEqual(commonQos([strong], 5), { reliability: 'reliable', durability: 'transient_local', depth: 5 });
    assert.deepEqual(commonQos([strong, weak], 5), { reliability: 'best_effort', durability: 'volatile', depth: 5 });
  });
});

describe('ScenarioLibrary', () => {
  it('finds a scenario by name, file or its own text', async () => {
    const library = new ScenarioLibrary(await loadScenarios([LIBRARY]));
    assert.equal(library.find(' camera-lost ').name, 'camera-lost');
    assert.equal(library.find(join(LIBRARY, 'jitter.yaml')).name, 'jitter');
    assert.equal(library.find('{ name: own, faults: [{ fault: drop, modality: lidar }] }').name, 'own');
    assert.equal(library.find('name: own\nfaults:\n  - { fault: drop, modality: all }').name, 'own');
    assert.throws(() => library.find('camera-gone'), /one of all-lost, .* for the scenario but received 'camera-gone'/);
    assert.throws(() => library.find('/nowhere/x.yaml'), /Expected a scenario file but \/nowhere\/x\.yaml cannot be/);
    assert.throws(() => library.find('{ name: own }'), /for faults in the parameter scenario but received nothing/);
  });
});

describe('what the injector publishes', () => {
  it('brings stamps of 64 bits through JSON', () => {
    const journal = new RelayJournal();
    assert.equal(journal.take(), undefined);
    const entry = { modality: 'camera', stamp: 1_750_000_000_123_456_789n, at: 9_007_199_254_740_993n };
    journal.received(entry);
    journal.sent({ ...entry, stamp: -1n });
    assert.deepEqual(parseJournal(journal.take()!), { received: [entry], sent: [{ ...entry, stamp: -1n }] });
    assert.equal(journal.take(), undefined);
  });

  it('is not taken for something else', async () => {
    const [scenario] = await loadScenarios([join(LIBRARY, 'camera-flicker.yaml')]);
    const state = {
      formatVersion: 1,
      phase: 'running',
      at: 5n,
      upcoming: [scenario!.name],
      active: [{ modality: 'camera', fault: 'drop', since: 3n }],
      runs: [{ name: scenario!.name, scenario, seed: 1, startedAt: 1n, endedAt: null, faults: [] }],
      topics: [],
      problems: [],
    };
    assert.deepEqual(parseFaultState(renderJson(state)), state);
    for (const text of ['', 'drop', '{}', 'null', renderJson({ ...state, formatVersion: 2 })]) {
      assert.equal(parseFaultState(text), undefined, text);
      assert.equal(parseJournal(text), undefined, text);
    }
  });
});

describe('splitRosArguments', () => {
  const cases: [string, string, string][] = [
    ['inject -s a', 'inject -s a', ''],
    ['inject -s a --ros-args -r x:=y', 'inject -s a', '--ros-args -r x:=y'],
    ['--ros-args -p a:=1 -- -s b --ros-args -r x:=y', '-s b', '--ros-args -p a:=1 -- --ros-args -r x:=y'],
  ];
  for (const [line, own, ros] of cases) {
    it(`parts "${line}"`, () => {
      const parts = splitRosArguments(line.split(' '));
      assert.deepEqual([parts.own.join(' '), parts.ros.join(' ')], [own, ros]);
    });
  }
});
