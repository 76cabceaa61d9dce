import { setTimeout as sleep } from 'node:timers/promises';
import { encodeMessage, type Stamp } from '../messages/index.js';
import { printable } from '../text/index.js';
import { withoutParameterFiles } from './parameter_files.js';
import { fromRclQos, type QosProfile, toRclQos } from './qos.js';
import { QueueTaker } from './queue_taker.js';
import {
  loadRclnodejs,
  type RclContext,
  type RclGuardCondition,
  type RclLogger,
  type RclNode,
  type Rclnodejs,
  type RclPublisher,
  type RclSubscription,
  type RclSubscriptionEvents,
  rawInterface,
} from './rclnodejs.js';

/**
 * rclnodejs's thread waits for messages this long at a time, and then begins anew, which costs about a tenth of a
 * millisecond. Whatever comes wakes it at once.
 */
const SPIN_MS = 200;
/** What its thread has just found ready, rclnodejs looks up by address: it must not be collected so soon. */
const KEPT_MS = 1000;
/** How often a service that is not there yet is looked for. */
const DISCOVERY_POLL_MS = 50;

/** What rmw calls the node of an endpoint that was discovered before its node was. */
const UNKNOWN_NODE = '_NODE_NAME_UNKNOWN_';

/** A topic with the types its endpoints have. */
export interface GraphTopic {
  name: string;
  types: readonly string[];
}

/** A publisher somewhere in the graph. */
export interface GraphPublisher {
  /** Full name of its node. */
  node: string;
  type: string;
  qos: QosProfile;
}

export interface RosSubscription {
  /** Full name, remappings applied. */
  readonly topic: string;
  readonly type: string;
  close(): void;
}

export interface RosPublisher {
  /** Full name, remappings applied. */
  readonly topic: string;
  /** How many listen. */
  readonly subscribers: number;
  /** Encodes and sends a message of the publisher's type. */
  publish(message: object): void;
  /** Sends a message that is encoded already. */
  publishEncoded(data: Uint8Array): void;
  close(): void;
}

/**
 * A ROS 2 node that speaks CDR: messages come in as bytes (one copy, no field by field decoding) and go out as bytes.
 * All callbacks run on the main thread.
 */
export class RosNode {
  readonly #rcl: Rclnodejs;
  readonly #context: RclContext;
  readonly #node: RclNode;
  readonly #wake: RclGuardCondition;

  private constructor(rcl: Rclnodejs, context: RclContext, node: RclNode) {
    this.#rcl = rcl;
    this.#context = context;
    this.#node = node;
    this.#wake = node.createGuardCondition(() => undefined);
    node.spin(SPIN_MS);
  }

  /**
   * Joins the graph and starts to spin.
   * @param argv - the process's arguments; those after `--ros-args` are remappings and parameters
   * @throws Error where rclnodejs or ROS is missing, or an argument is wrong
   */
  static async create(name: string, argv: readonly string[] = process.argv): Promise<RosNode> {
    const rcl = loadRclnodejs();
    // Ending is up to whoever made the node: they have more to close than a context.
    rcl.removeSignalHandlers();
    const context = new rcl.Context();
    await rcl.init(context, withoutParameterFiles(argv, name));
    const node = new rcl.Node(name, '', context);
    return new RosNode(rcl, context, node);
  }

  /** rclnodejs's own node, for parameters and services. */
  get rcl(): { readonly node: RclNode; readonly module: Rclnodejs } {
    return { node: this.#node, module: this.#rcl };
  }

  /** The node's log. Texts from other nodes and from bags reach no terminal as escape sequences. */
  readonly log: RclLogger = {
    debug: (message) => this.#node.getLogger().debug(printable(message)),
    info: (message) => this.#node.getLogger().info(printable(message)),
    warn: (message) => this.#node.getLogger().warn(printable(message)),
    error: (message) => this.#node.getLogger().error(printable(message)),
  };

  /** Namespace and name: `/robot/mle_sam`. */
  get fullName(): string {
    return nodePath(this.#node.namespace(), this.#node.name());
  }

  /** Time of the node's clock: the system's, or that of /clock with `use_sim_time`; 0 before the first /clock. */
  now(): Stamp {
    return this.#node.now().nanoseconds;
  }

  get clockSource(): 'system' | 'simulation' {
    return this.#node.getClock().isRosTimeActive ? 'simulation' : 'system';
  }

  /** Full name of a topic, remappings applied. */
  resolve(topic: string): string {
    return this.#node.resolveTopicName(topic);
  }

  /** All topics of the graph. */
  topics(): readonly GraphTopic[] {
    return this.#node.getTopicNamesAndTypes();
  }

  /** @param topic - full name */
  publishersOf(topic: string): GraphPublisher[] {
    return this.#node.getPublishersInfoByTopic(topic).map(({ node_name, node_namespace, topic_type, qos_profile }) => ({
      node: node_name === UNKNOWN_NODE ? 'a node not yet known by name' : nodePath(node_namespace, node_name),
      type: topic_type,
      qos: fromRclQos(qos_profile),
    }));
  }

  /**
   * @param listener - a function gets the CDR bytes, which are its own to keep; `onLost` how many messages the
   * middleware says were lost, where it says so (ROS 2 from Jazzy on)
   * @throws Error naming the package to install where the message type is not known to this ROS
   */
  subscribe(
    topic: string,
    type: string,
    qos: QosProfile,
    listener: ((data: Uint8Array) => void) | { onMessage(data: Uint8Array): void; onLost(count: number): void },
  ): RosSubscription {
    const options = { qos: toRclQos(this.#rcl, qos), isRaw: true } as const;
    const { onMessage, onLost } =
      typeof listener === 'function' ? { onMessage: listener, onLost: undefined } : listener;
    const events = onLost && this.#lossEvents(onLost);
    const taker = new QueueTaker(onMessage, qos.depth, () => this.#node.execute([subscription.handle]));
    const receive = (data: Uint8Array) => taker.receive(data);
    const subscription: RclSubscription = withPackageHint(type, () =>
      this.#alter(() => this.#node.createSubscription(rawInterface(type), topic, options, receive, events)),
    );
    return {
      topic: subscription.topic,
      type,
      close: () => {
        this.#alter(() => this.#node.destroySubscription(subscription));
        setTimeout(() => [subscription, events], KEPT_MS).unref();
      },
    };
  }

  /** Undefined where this ROS has no such events. */
  #lossEvents(onLost: (count: number) => void): RclSubscriptionEvents | undefined {
    try {
      const events = new this.#rcl.SubscriptionEventCallbacks();
      events.messageLost = ({ total_count_change }) => onLost(Number(total_count_change));
      return events;
    } catch {
      return undefined;
    }
  }

  /** @throws Error naming the package to install where the message type is not known to this ROS */
  advertise(topic: string, type: string, qos: QosProfile): RosPublisher {
    const options = { qos: toRclQos(this.#rcl, qos) };
    const publisher = withPackageHint(type, () => this.#node.createPublisher(rawInterface(type), topic, options));
    const publishEncoded = (data: Uint8Array) => publishBytes(publisher, data);
    return {
      topic: publisher.topic,
      get subscribers() {
        return publisher.subscriptionCount;
      },
      publish: (message) => publishEncoded(encodeMessage(type, message)),
      publishEncoded,
      close: () => this.#node.destroyPublisher(publisher),
    };
  }

  /**
   * Offers a service. Its messages need the JavaScript classes that rclnodejs generates.
   * @param answer - may take its time; what it rejects with is logged, and the caller hears nothing
   */
  serve<Request, Response>(
    name: string,
    type: string,
    answer: (request: Request) => Response | Promise<Response>,
  ): { close(): void } {
    const service = withPackageHint(type, () =>
      this.#alter(() =>
        this.#node.createService<Request, Response>(type, name, async (request, response) => {
          response.send(await answer(request));
        }),
      ),
    );
    return { close: () => this.#alter(() => this.#node.destroyService(service)) };
  }

  /**
   * Calls a service once.
   * @throws Error where nobody offers it, or the answer does not come in time
   */
  async call<Request, Response>(name: string, type: string, request: Request, timeoutMs: number): Promise<Response> {
    const client = withPackageHint(type, () =>
      this.#alter(() => this.#node.createClient<Request, Response>(type, name)),
    );
    try {
      const until = performance.now() + timeoutMs;
      while (!client.isServiceServerAvailable()) {
        if (performance.now() > until) throw new Error(`Expected the service ${name} but nobody offers it.`);
        await sleep(DISCOVERY_POLL_MS);
      }
      return await client.sendRequestAsync(request, { timeout: timeoutMs });
    } finally {
      this.#alter(() => this.#node.destroyClient(client));
    }
  }

  /** Makes or takes away what rclnodejs's thread waits for: that is not possible while it waits, so it is woken up. */
  #alter<Result>(work: () => Result): Result {
    this.#wake.trigger();
    return work();
  }

  /** Leaves the graph. May be repeated. */
  close(): void {
    if (!this.#context.isShutdown()) this.#context.shutdown();
  }
}

/** Namespace and name in one: `/robot/mle_sam`. */
function nodePath(namespace: string, name: string): string {
  return `${namespace === '/' ? '' : namespace}/${name}`;
}

function publishBytes(publisher: RclPublisher, data: Uint8Array): void {
  publisher.publish(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
}

function withPackageHint<Result>(type: string, create: () => Result): Result {
  try {
    return create();
  } catch (error) {
    const [packageName = ''] = type.split('/');
    const debianName = `ros-${process.env.ROS_DISTRO ?? '<distro>'}-${packageName.replaceAll('_', '-')}`;
    throw new Error(
      `Expected the message package ${packageName} for ${type} but it cannot be loaded: ` +
        `install ${debianName}, or build it and source its workspace (${firstLine(error)})`,
    );
  }
}

function firstLine(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line;
}
