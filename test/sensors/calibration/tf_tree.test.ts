import assert from 'node:assert/strict';
import { type RigidTransform, TfTree } from '../../../src/sensors/calibration/index.js';
import { type Mount, mount } from '../support/messages.js';

const SECOND = 1_000_000_000n;
const HALF = Math.SQRT1_2;

/** The rotation from an optical frame (z forward) to a body frame (x forward), REP-103. */
const OPTICAL = [-0.5, 0.5, -0.5, 0.5] as const;

function treeOf(statics: Mount[], dynamics: Mount[] = []): TfTree {
  const tree = new TfTree();
  assert.deepEqual(tree.update({ transforms: statics.map(mount) }, 'static'), []);
  assert.deepEqual(tree.update({ transforms: dynamics.map(mount) }, 'dynamic'), []);
  return tree;
}

function apply({ rotation: r, translation: t }: RigidTransform, [x, y, z]: readonly number[]): number[] {
  return [0, 1, 2].map((i) => r[3 * i]! * x! + r[3 * i + 1]! * y! + r[3 * i + 2]! * z! + t[i]!);
}

function lookup(tree: TfTree, target: string, source: string, stamp = 0n): RigidTransform {
  const found = tree.lookup(target, source, stamp);
  assert.ok(found.kind === 'transform', found.kind === 'missing' ? found.reason : '');
  return found.transform;
}

function reasonOf(tree: TfTree, target: string, source: string, stamp = 0n): string {
  const found = tree.lookup(target, source, stamp);
  assert.equal(found.kind, 'missing');
  return found.kind === 'missing' ? found.reason : '';
}

function assertNear(actual: readonly number[], expected: readonly number[]): void {
  for (const [i, value] of expected.entries()) {
    assert.ok(Math.abs(actual[i]! - value) < 1e-12, `[${actual}] instead of [${expected}]`);
  }
}

describe('TfTree', () => {
  const rig: Mount[] = [
    { parent: 'base_link', child: 'camera_mount', at: [1, 0, 1.5] },
    { parent: 'camera_mount', child: 'camera_optical', turned: OPTICAL },
    { parent: 'base_link', child: 'lidar', at: [0, 0, 2], turned: [0, 0, HALF, HALF] },
  ];

  it('turns an optical frame into the body frame by REP-103', () => {
    const tree = treeOf(rig);
    // 10 m ahead of the lens, 2 m to its right, 1 m below: x forward, y left, z up, from the ground.
    assertNear(apply(lookup(tree, 'base_link', 'camera_optical'), [2, 1, 10]), [11, -2, 0.5]);
  });

  it('walks through the common ancestor, and back', () => {
    const tree = treeOf(rig);
    // The LiDAR looks left: its x is the base's y. A point 5 m before it is at base (0, 5, 2), so from the lens at
    // (1, 0, 1.5) it is 1 m behind, 5 m left, 0.5 m up.
    const toCamera = lookup(tree, 'camera_optical', 'lidar');
    assertNear(apply(toCamera, [5, 0, 0]), [-5, -0.5, -1]);
    const back = lookup(tree, 'lidar', 'camera_optical');
    assertNear(apply(back, [-5, -0.5, -1]), [5, 0, 0]);
  });

  it('drops the leading slash of ROS 1 names and needs no tree for one frame', () => {
    const tree = treeOf(rig);
    assertNear(apply(lookup(tree, '/base_link', '/camera_mount'), [0, 0, 0]), [1, 0, 1.5]);
    assertNear(apply(lookup(new TfTree(), 'camera', 'camera'), [1, 2, 3]), [1, 2, 3]);
  });

  describe('with a moving mount', () => {
    const turning: Mount[] = [
      { parent: 'base_link', child: 'mast', stamp: 10n * SECOND, at: [0, 0, 1] },
      { parent: 'base_link', child: 'mast', stamp: 11n * SECOND, at: [0, 0, 2], turned: [0, 0, HALF, HALF] },
    ];
    const quarter = 10n * SECOND + SECOND / 3n;

    it('interpolates along the arc', () => {
      // A third of 90 degrees about z is 30.
      const tree = treeOf([], turning);
      const expected = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6), 1 + 1 / 3];
      const actual = apply(lookup(tree, 'base_link', 'mast', quarter), [1, 0, 0]);
      for (const i of [0, 1, 2]) assert.ok(Math.abs(actual[i]! - expected[i]!) < 1e-9);
    });

    it('takes the shorter arc when a quaternion comes with its sign flipped', () => {
      const flipped = [turning[0]!, { ...turning[1]!, turned: [0, 0, -HALF, -HALF] as const }];
      const actual = apply(lookup(treeOf([], flipped), 'base_link', 'mast', quarter), [1, 0, 0]);
      assert.ok(Math.abs(actual[0]! - Math.cos(Math.PI / 6)) < 1e-9, `${actual}`);
    });

    it('sorts what came late, and lets a repeat replace', () => {
      const tree = treeOf([], [turning[1]!, turning[0]!, { ...turning[0]!, at: [0, 0, 5] }]);
      assertNear(apply(lookup(tree, 'base_link', 'mast', 10n * SECOND), [0, 0, 0]), [0, 0, 5]);
    });

    it('holds the newest for 200 ms and then says how old it is', () => {
      const tree = treeOf([], turning);
      assertNear(apply(lookup(tree, 'base_link', 'mast', 11n * SECOND + 150_000_000n), [0, 0, 0]), [0, 0, 2]);
      assert.match(
        reasonOf(tree, 'base_link', 'mast', 14n * SECOND),
        /'base_link' -> 'mast' within 200 ms .* nearest is 3000 ms away/,
      );
      assert.match(reasonOf(tree, 'base_link', 'mast', 5n * SECOND), /5000 ms away/);
    });

    it('forgets poses older than its history, and all moving ones when the clock jumps', () => {
      const tree = new TfTree({ historyMs: 1000 });
      for (const second of [10n, 11n, 12n, 13n]) {
        tree.update({ transforms: [mount({ parent: 'a', child: 'b', stamp: second * SECOND })] }, 'dynamic');
      }
      assert.equal(tree.lookup('a', 'b', 10n * SECOND).kind, 'missing');
      assert.equal(tree.lookup('a', 'b', 12n * SECOND).kind, 'transform');
      tree.update({ transforms: rig.map(mount) }, 'static');
      tree.clearDynamic();
      assert.equal(tree.lookup('a', 'b', 12n * SECOND).kind, 'missing');
      assert.equal(tree.lookup('base_link', 'lidar', 0n).kind, 'transform');
    });
  });

  it('names both trees when there is no way between frames', () => {
    const tree = treeOf([...rig, { parent: 'map', child: 'odom' }]);
    assert.match(
      reasonOf(tree, 'lidar', 'odom'),
      /from 'odom' to 'lidar' but 'odom' is in the tree of 'map' and 'lidar' in the tree of 'base_link'$/,
    );
    assert.match(reasonOf(tree, 'lidar', 'events_optical'), /'events_optical' is in no tree/);
  });

  it('survives a loop', () => {
    const tree = treeOf([{ parent: 'a', child: 'b' }]);
    tree.update({ transforms: [mount({ parent: 'b', child: 'a' })] }, 'static');
    assert.equal(tree.lookup('a', 'c', 0n).kind, 'missing');
    assert.equal(tree.lookup('a', 'b', 0n).kind, 'transform');
  });

  it('names a loop, when it is closed and when it keeps two frames apart', () => {
    const tree = new TfTree();
    const link = (parent: string, child: string) => ({ transforms: [mount({ parent, child })] });
    assert.deepEqual(tree.update(link('mast', 'left'), 'static'), []);
    assert.deepEqual(tree.update(link('left', 'arm'), 'static'), []);
    const named = /^Expected a tree of frames but '(mast|left|arm)' -> .* -> .* -> '\1' is a loop$/;
    assert.match(tree.update(link('arm', 'mast'), 'static').join(), named);
    const lookup = tree.lookup('base_link', 'left', 0n);
    assert.equal(lookup.kind, 'missing');
    assert.match(lookup.kind === 'missing' ? lookup.reason : '', named);
  });

  it('skips transforms that cannot be, keeps the others, and says which', () => {
    const tree = new TfTree();
    const problems = tree.update(
      {
        transforms: [
          mount({ parent: 'a', child: 'a' }),
          mount({ parent: '', child: 'b' }),
          mount({ parent: 'a', child: 'nan', at: [Number.NaN, 0, 0] }),
          mount({ parent: 'a', child: 'zero', turned: [0, 0, 0, 0] }),
          mount({ parent: 'a', child: 'good', at: [1, 2, 3] }),
        ],
      },
      'static',
    );
    assert.equal(problems.length, 4);
    assert.match(problems[0]!, /two different frames .* 'a' -> 'a'/);
    assert.match(problems[2]!, /finite numbers and a unit quaternion .* 'a' -> 'nan'/);
    assertNear(apply(lookup(tree, 'a', 'good'), [0, 0, 0]), [1, 2, 3]);
  });
});
