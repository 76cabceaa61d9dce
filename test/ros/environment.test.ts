import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { domainOf, Program, waitUntil } from './support/index.js';

/** What this test uses of rclnodejs, which exists on the graph only. */
interface Rclnodejs {
  init(): Promise<void>;
  shutdown(): void;
  createNode(name: string): Node;
}

interface Node {
  spin(): void;
  createPublisher(type: string, topic: string): { publish(message: unknown): void; subscriptionCount: number };
  createSubscription<T>(type: string, topic: string, callback: (message: T) => void): void;
  createClient(type: string, name: string): Client;
}

interface Client {
  waitForService(timeoutMs: number): Promise<boolean>;
  sendRequestAsync(request: unknown, options: { timeout: number }): Promise<{ success: boolean; message: string }>;
}

interface StatusArray {
  reference: string;
  modalities: { name: string; state: number; reason: string; age_s: number }[];
}

const DROPPED = 3;

describe('the ROS environment of the tests', () => {
  const domain = domainOf(import.meta.url);
  let rclnodejs: Rclnodejs;
  let node: Node;
  let peer: Program;

  before(async () => {
    peer = Program.peer('echo.py', [], domain);
    process.env.ROS_DOMAIN_ID = String(domain);
    rclnodejs = createRequire(import.meta.url)('rclnodejs') as Rclnodejs;
    await rclnodejs.init();
    node = rclnodejs.createNode('environment_test');
    await peer.line('ready');
  });

  after(async () => {
    rclnodejs?.shutdown();
    await peer?.stop();
  });

  it('carries messages between rclnodejs and rclpy, this package’s own among them', async () => {
    const pongs: string[] = [];
    const reports: StatusArray[] = [];
    node.createSubscription<{ data: string }>('std_msgs/msg/String', 'pong', ({ data }) => pongs.push(data));
    node.createSubscription<StatusArray>('mle_sam_ros/msg/ModalityStatusArray', 'modality_status', (report) =>
      reports.push(report),
    );
    const ping = node.createPublisher('std_msgs/msg/String', 'ping');
    node.spin();

    await waitUntil('an answer on both topics', async () => {
      ping.publish({ data: 'cable pulled' });
      return pongs.length > 0 && reports.length > 0;
    });

    assert.equal(pongs[0], 'cable pulled');
    const [report] = reports;
    assert.equal(report?.reference, 'camera');
    assert.equal(report?.modalities.length, 1);
    const { name, state, reason, age_s } = report!.modalities[0]!;
    assert.deepEqual(
      { name, state, reason, age_s },
      { name: 'lidar', state: DROPPED, reason: 'cable pulled', age_s: 0.5 },
    );
  });

  it('calls the service of this package', async () => {
    const client = node.createClient('mle_sam_ros/srv/SetModality', 'set_modality');
    assert.ok(await client.waitForService(20_000), 'the service of the rclpy peer is not there');
    for (const enable of [true, false]) {
      const answer = await client.sendRequestAsync({ name: 'events', enable }, { timeout: 20_000 });
      assert.deepEqual({ ...answer }, { success: enable, message: 'events seen from Python' });
    }
  });
});
