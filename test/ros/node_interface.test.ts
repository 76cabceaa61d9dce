import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { modalityParameters, parameterDescriptor, parameterTable } from '../../src/configuration/index.js';
import { OUTPUT_TOPICS } from '../../src/configuration/topics.js';
import { RIG } from '../node/support/modalities.js';
import { projectRoot } from '../support/shared_data.js';
import { domainOf, Program } from './support/index.js';
import { startNode, TINY_BUNDLE } from './support/node.js';

interface Interface {
  publishers: Record<string, string[]>;
  subscribers: Record<string, string[]>;
  services: Record<string, string[]>;
  parameters: Record<
    string,
    { type: number; description: string; constraints: string; read_only: boolean; ranges: number[][] }
  >;
}

/** With these nothing has to be found out from publishers, of which there are none. */
const TYPES = {
  'modalities.camera.type': 'sensor_msgs/msg/Image',
  'modalities.depth.type': 'sensor_msgs/msg/Image',
  'modalities.events.type': 'event_camera_msgs/msg/EventPacket',
  'modalities.lidar.type': 'sensor_msgs/msg/PointCloud2',
};

/** Services that rclnodejs offers from Jazzy on. */
const NOT_EVERYWHERE = ['/mle_sam/get_type_description'];

/** Read in other circumstances: compressed copies of images, and simulated time. */
const ELSEWHERE = ['/camera/image/compressed', '/depth/image/compressedDepth', '/clock', '/parameter_events'];

const fullName = (name: string) =>
  name.startsWith('~') ? name.replace('~', '/mle_sam') : name.startsWith('/') ? name : `/${name}`;

/** What the tables and the policy file say of the node, against what another program sees of it on the graph. */
describe('Interface of the node', function () {
  this.timeout(120_000);
  const domain = domainOf(import.meta.url);
  let node: Program;
  let seen: Interface;
  let policy: string;

  before(async () => {
    policy = await readFile(join(projectRoot, 'config', 'sros2_policy.xml'), 'utf8');
    // What is subscribed to is seen whenever the peer gets to look.
    node = startNode(domain, { model: TINY_BUNDLE, threads: 1, idle_check_s: 0, ...TYPES });
    const awaited = {
      publishers: OUTPUT_TOPICS.map(({ name }) => fullName(name)),
      subscribers: granted('topics subscribe').filter((name) => !ELSEWHERE.includes(name)),
      services: granted('services reply').filter((name) => !NOT_EVERYWHERE.includes(name)),
    };
    const peer = Program.peer('interface.py', ['mle_sam', JSON.stringify(awaited)], domain);
    seen = JSON.parse(await peer.line('{', { deadlineMs: 90_000 })) as Interface;
  });
  after(() => node?.stop());

  /** Full names the policy grants. */
  function granted(kind: 'topics publish' | 'topics subscribe' | 'services reply'): string[] {
    const block = new RegExp(`<${kind}="ALLOW">([\\s\\S]*?)</${kind.split(' ')[0]}>`).exec(policy)?.[1] ?? '';
    return [...block.matchAll(/<(?:topic|service)>([^<]+)</g)].map(([, name = '']) => fullName(name));
  }

  it('has every topic of the table, with its type', () => {
    for (const { name, type } of OUTPUT_TOPICS) {
      assert.deepEqual(seen.publishers[fullName(name)], [type], name);
    }
  });

  it('needs no right that the policy does not grant', () => {
    const missing = (names: object, kind: Parameters<typeof granted>[0]) =>
      Object.keys(names).filter((name) => !granted(kind).includes(name));
    assert.deepEqual(missing(seen.publishers, 'topics publish'), []);
    assert.deepEqual(missing(seen.subscribers, 'topics subscribe'), []);
    assert.deepEqual(missing(seen.services, 'services reply'), []);
  });

  it('is granted no right that it does not use', () => {
    const unused = (kind: Parameters<typeof granted>[0], names: object, allowed: readonly string[] = []) =>
      granted(kind).filter((name) => !(name in names) && !allowed.includes(name));
    assert.deepEqual(unused('topics publish', seen.publishers), []);
    assert.deepEqual(unused('topics subscribe', seen.subscribers, ELSEWHERE), []);
    assert.deepEqual(unused('services reply', seen.services, NOT_EVERYWHERE), []);
  });

  it('describes every parameter of the table, and has no other but those of ROS', () => {
    // Those that depend on no model are declared before there is one.
    const table = [...parameterTable([]), ...RIG.flatMap(modalityParameters)];
    for (const definition of table) {
      const { type, description, additional_constraints, read_only } = parameterDescriptor(definition);
      const { ranges, ...told } = seen.parameters[definition.name]!;
      assert.deepEqual(told, { type, description, constraints: additional_constraints, read_only }, definition.name);
      const bounds = 'range' in definition ? [[definition.range.from, definition.range.to]] : [];
      assert.deepEqual(ranges, bounds, definition.name);
    }
    const names = table.map(({ name }) => name);
    const others = Object.keys(seen.parameters).filter((name) => !names.includes(name));
    assert.deepEqual(
      others.filter((name) => !/^(use_sim_time|start_type_description_service)$/.test(name)),
      [],
    );
  });
});
