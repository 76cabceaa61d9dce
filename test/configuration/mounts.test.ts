import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { BagWriter } from '../../src/bags/index.js';
import { loadMounts, publisherArguments } from '../../src/configuration/index.js';
import { encodeMessage, type TransformStamped } from '../../src/messages/index.js';
import { TfTree } from '../../src/sensors/index.js';
import { header, mount } from '../sensors/support/messages.js';

const URDF = `<?xml version="1.0"?>
<!-- made by hand -->
<robot name="r" xmlns:xacro="http://www.ros.org/wiki/xacro">
  <link name="base_link"/><link name="mast"/>
  <joint name="mast_joint" type="fixed">
    <origin rpy="0 0 1.5707963267948966" xyz="1 2 3"/>
    <parent link="base_link"/><child link="mast"/>
  </joint>
  <joint name="lidar_joint" type="fixed">
    <parent link="mast"/><child link="os_sensor"/>
  </joint>
  <joint name="wheel" type="continuous"><parent link="base_link"/><child link="wheel"/></joint>
  <transmission name="t"><joint name="wheel"/></transmission>
</robot>`;

const DUMP = `transforms:
- header:
    stamp: {sec: 1, nanosec: 2}
    frame_id: base_link
  child_frame_id: mast
  transform:
    translation: {x: 1.0, y: 2.0, z: 3.0}
    rotation: {x: 0.0, y: 0.0, z: 0.7071067811865476, w: 0.7071067811865476}
---
transforms:
- header: {stamp: {sec: 1, nanosec: 2}, frame_id: mast}
  child_frame_id: os_sensor
  transform: {translation: {x: 0, y: 0, z: 0}, rotation: {x: 0, y: 0, z: 0, w: 1}}
---
`;

describe('mounts a recording lacks', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mounts-'));
    await writeFile(join(folder, 'robot.urdf'), URDF);
    await writeFile(join(folder, 'dump.yaml'), DUMP);
    const writer = await BagWriter.create(join(folder, 'other.mcap'));
    const half = Math.SQRT1_2;
    const transforms = [
      mount({ parent: 'base_link', child: 'mast', at: [1, 2, 3], turned: [0, 0, half, half] }),
      mount({ parent: 'mast', child: 'os_sensor' }),
    ];
    const type = 'tf2_msgs/msg/TFMessage';
    await writer.write({ topic: '/tf_static', type, data: encodeMessage(type, { transforms }), logTime: 1n });
    await writer.write({ topic: '/tf', type, data: encodeMessage(type, { transforms: [] }), logTime: 1n });
    await writer.close();
  });
  after(() => rm(folder, { recursive: true }));

  /** Where a point one metre ahead of the LiDAR lies in the base frame: an oracle that knows nothing of entries. */
  function ahead(transforms: readonly TransformStamped[]): number[] {
    const tree = new TfTree();
    assert.deepEqual(tree.update({ transforms: [...transforms] }, 'static'), []);
    const lookup = tree.lookup('base_link', 'os_sensor', 0n);
    assert.equal(lookup.kind, 'transform');
    if (lookup.kind !== 'transform') return [];
    const { rotation, translation } = lookup.transform;
    return [0, 3, 6].map((row, i) => Number((rotation[row]! + translation[i]!).toFixed(6)));
  }

  const sources: [what: string, entries: (folder: string) => string[]][] = [
    ['a URDF', (at) => [join(at, 'robot.urdf')]],
    ['a dump of /tf_static', (at) => [join(at, 'dump.yaml')]],
    ['another recording', (at) => [join(at, 'other.mcap')]],
    [
      'numbers, as angles and as a quaternion',
      () => [
        '--x 1 --y 2 --z 3 --yaw 1.5707963267948966 --frame-id base_link --child-frame-id mast',
        '--qw 1 --frame-id=mast --child-frame-id=os_sensor',
      ],
    ],
  ];
  for (const [what, entries] of sources) {
    it(`are read from ${what}`, async () => {
      // The mast looks to the left: ahead of it is +y of the base.
      assert.deepEqual(ahead(await loadMounts(entries(folder))), [1, 3, 3]);
    });
  }

  it('turn about the fixed axes x, y, z, in that order, as tf2 has them', async () => {
    const [roll, pitch, yaw] = [0.1, -0.2, 0.3];
    const transforms = await loadMounts([
      `--roll ${roll} --pitch ${pitch} --yaw ${yaw} --frame-id base_link --child-frame-id os_sensor`,
    ]);
    const tree = new TfTree();
    tree.update({ transforms }, 'static');
    const lookup = tree.lookup('base_link', 'os_sensor', 0n);
    const [sr, cr, sp, cp, sy, cy] = [roll, pitch, yaw].flatMap((angle) => [
      Math.sin(angle),
      Math.cos(angle),
    ]) as number[];
    // Rz(yaw) Ry(pitch) Rx(roll), multiplied out (REP-103, tf2::Matrix3x3::setRPY).
    const expected = [
      [cy! * cp!, cy! * sp! * sr! - sy! * cr!, cy! * sp! * cr! + sy! * sr!],
      [sy! * cp!, sy! * sp! * sr! + cy! * cr!, sy! * sp! * cr! - cy! * sr!],
      [-sp!, cp! * sr!, cp! * cr!],
    ].flat();
    assert.equal(lookup.kind, 'transform');
    if (lookup.kind !== 'transform') return;
    for (const [i, value] of lookup.transform.rotation.entries()) {
      assert.ok(Math.abs(value - expected[i]!) < 1e-12, `element ${i}: ${value} instead of ${expected[i]}`);
    }
  });

  it('survive being written and read again', async () => {
    const metres = fc.double({ min: -100, max: 100, noNaN: true });
    const angle = fc.double({ min: -1, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(metres, metres, metres, angle, angle, async (x, y, z, a, b) => {
        const rotation = { x: Math.sin(a) * Math.cos(b), y: Math.sin(a) * Math.sin(b), z: 0, w: Math.cos(a) };
        const transform = { translation: { x, y, z }, rotation };
        const given = { header: header('a'), child_frame_id: 'b', transform };
        const [read] = await loadMounts([publisherArguments(given)]);
        for (const axis of ['x', 'y', 'z'] as const) {
          assert.ok(Math.abs(read!.transform.translation[axis] - transform.translation[axis]) < 1e-9);
          assert.ok(Math.abs(read!.transform.rotation[axis] - rotation[axis]) < 1e-9);
        }
      }),
      { numRuns: 50 },
    );
  });

  const refused: [what: string, entry: string | { name: string; text: string }, why: RegExp][] = [
    ['a file that is not there', 'nowhere.urdf', /could not read .*nowhere\.urdf/],
    ['no XML', { name: 'a.urdf', text: 'robot: {}' }, /Expected a URDF .* but received no XML: /],
    [
      'damage of twenty thousand characters, of which two hundred are shown',
      { name: 'long.urdf', text: `<${'r'.repeat(20_000)}/>` },
      /first element is <r{200}…>/,
    ],
    ['another XML', { name: 'b.xml', text: '<sdf/>' }, /its first element is <sdf>\./],
    [
      'no fixed joint',
      { name: 'c.urdf', text: '<robot><joint type="floating"/></robot>' },
      /none of its 1 joints is fixed/,
    ],
    [
      'an origin of two numbers',
      {
        name: 'd.urdf',
        text: '<robot><joint name="j" type="fixed"><origin xyz="1 2"/><parent link="a"/><child link="b"/></joint></robot>',
      },
      /joint 'j' has xyz="1 2" where three numbers belong/,
    ],
    [
      'a joint without a child',
      { name: 'e.urdf', text: '<robot><joint name="j" type="fixed"><parent link="a"/></joint></robot>' },
      /joint 'j' names no child link/,
    ],
    [
      'a dump of something else',
      { name: 'f.yaml', text: 'data: 3' },
      /Expected a dump of \/tf_static .*: transforms: /,
    ],
    ['an empty dump', { name: 'g.yaml', text: '' }, /received no transform/],
    ['an angle that is no number', '--yaw left --frame-id a --child-frame-id b', /--yaw needs a number/],
    ['an unknown option', '--w 1 --frame-id a --child-frame-id b', /static_transform_publisher, such as .*'--w'/],
    ['two rotations', '--yaw 1 --qw 1 --frame-id a --child-frame-id b', /Give the rotation once/],
    ['a quaternion of another length', '--qx 1 --qw 1 --frame-id a --child-frame-id b', /must have length 1/],
    ['numbers without names', '1 0 0 0 0 0 a b', /Expected the arguments of static_transform_publisher/],
  ];
  for (const [what, entry, why] of refused) {
    it(`are not read from ${what}`, async () => {
      if (typeof entry === 'string') return assert.rejects(loadMounts([entry]), why);
      await writeFile(join(folder, entry.name), entry.text);
      return assert.rejects(loadMounts([join(folder, entry.name)]), why);
    });
  }
});
