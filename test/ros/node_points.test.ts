import assert from 'node:assert/strict';
import { domainOf, Program, waitUntil } from './support/index.js';
import { startNode, TINY_BUNDLE } from './support/node.js';
import { affordablePace } from './support/pace.js';
import { Rig } from './support/rig.js';
import { TOWN_HEARD, TOWN_TOPICS, townMessages } from './support/town.js';

/** What {@link file://./../peers/points.py} tells of a cloud. */
interface CloudReport {
  stamp: string;
  frame: string;
  fields: string[];
  points: number;
  in_view: number;
  labelled: number;
  agreeing: number;
  labelled_outside: number;
  coloured: number;
}

const SECONDS = 5;
const PATIENT = { deadlineMs: 60_000 };

describe('The points that the node labels', function () {
  this.timeout(180_000);
  const domain = domainOf(import.meta.url);
  let node: Program;
  let rig: Rig;
  let peer: Program;

  before(async () => {
    const args = ['--clock', '--stamps', 'recorded', '--rate', String(affordablePace()), '--wait-for-masks'];
    rig = new Rig({ messages: await townMessages(SECONDS), loop: SECONDS, domain, listen: ['mask'], args });
    peer = Program.peer('points.py', [], domain);
    node = startNode(domain, { model: TINY_BUNDLE, use_sim_time: true });
    const ready = [node.line('Active.', PATIENT), rig.program.line('ready', PATIENT), peer.line('ready', PATIENT)];
    await Promise.all(ready);
    await rig.heardOn(TOWN_HEARD);
    await rig.tell({ play: true });
    await waitUntil('20 labelled clouds', () => reports().length >= 20, { deadlineMs: 120_000 });
  });
  after(async () => {
    await Promise.all([node?.stop(), rig?.stop(), peer?.stop()]);
  });

  const reports = (): CloudReport[] =>
    peer.lines.filter((line) => line.startsWith('{"kind": "cloud"')).map((line) => JSON.parse(line) as CloudReport);

  it('are those of the LiDAR, in its frame and with its stamp, each cloud once', () => {
    const sent = new Set(rig.sent(TOWN_TOPICS.lidar).map(({ stamp }) => String(stamp)));
    const stamps = reports().map(({ stamp }) => stamp);
    assert.ok(stamps.every((stamp) => sent.has(stamp)));
    assert.equal(new Set(stamps).size, stamps.length);
    for (const { frame, fields, points } of reports()) {
      assert.equal(frame, 'lidar');
      assert.deepEqual(fields, ['x', 'y', 'z', 'intensity', 'rgb', 'label', 'confidence']);
      assert.ok(points > 1000, `${points} points`);
    }
  });

  it('have the class and the colour of the mask where the camera sees them, and none elsewhere', () => {
    for (const { in_view, labelled, agreeing, coloured, labelled_outside } of reports()) {
      const text = `${in_view} in view, ${labelled} with a class, ${agreeing} as NumPy finds it`;
      // The LiDAR stands above the camera: about a tenth of its points is hidden behind cars and poles.
      assert.ok(labelled >= 0.8 * in_view, text);
      assert.ok(agreeing >= 0.99 * labelled, text);
      assert.equal(coloured, labelled);
      assert.ok(labelled_outside <= 0.002 * in_view, `${labelled_outside} beside the picture have a class`);
    }
  });
});
