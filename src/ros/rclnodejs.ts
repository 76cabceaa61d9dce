import { createRequire } from 'node:module';

/**
 * The part of rclnodejs this project uses, typed by hand: the package is optional (it needs a ROS 2 installation), so its
 * own declarations may be missing, and they leave most messages untyped. This is the only module that loads it.
 */

/** What identifies an interface to rclnodejs; its generated classes have it, and so has {@link rawInterface}. */
export interface RclInterface {
  type(): { pkgName: string; subFolder: string; interfaceName: string };
}

export interface RclTime {
  readonly nanoseconds: bigint;
}

export interface RclClock {
  now(): RclTime;
  /** Whether time comes from /clock. */
  readonly isRosTimeActive: boolean;
}

export interface RclLogger {
  debug(message: string): boolean;
  info(message: string): boolean;
  warn(message: string): boolean;
  error(message: string): boolean;
}

export interface RclQos {
  readonly history: number;
  readonly depth: number;
  readonly reliability: number;
  readonly durability: number;
  readonly liveliness: number;
  readonly avoidRosNameSpaceConventions: boolean;
}

/** An endpoint as the graph shows it. */
export interface RclEndpoint {
  readonly node_name: string;
  readonly node_namespace: string;
  readonly topic_type: string;
  readonly qos_profile: Pick<RclQos, 'depth' | 'reliability' | 'durability'>;
}

export interface RclSubscription {
  readonly topic: string;
  /** What rcl knows it by. */
  readonly handle: object;
}

export interface RclPublisher {
  readonly topic: string;
  readonly subscriptionCount: number;
  publish(message: Buffer): void;
}

export interface RclGuardCondition {
  trigger(): void;
}

export interface RclService {
  readonly serviceName: string;
}

export interface RclClient<Request, Response> {
  isServiceServerAvailable(): boolean;
  sendRequestAsync(request: Request, options: { timeout: number }): Promise<Response>;
}

export interface RclResponse<Response> {
  send(response: Response): void;
}

export interface RclParameter {
  readonly name: string;
  readonly type: number;
  /** Integers are bigint; undefined for a parameter that is not set. */
  readonly value: unknown;
}

export interface RclParameterDescriptor {
  readonly name: string;
  /** As rcl_interfaces/msg/ParameterDescriptor. */
  toMessage: () => object;
}

export interface RclSetParametersResult {
  successful: boolean;
  reason: string;
}

export interface RclNode {
  name(): string;
  namespace(): string;
  spin(timeoutMs?: number): void;
  /** Takes one message of each subscription, and so on, that belongs to one of the handles and has one. */
  execute(handles: readonly object[]): void;
  now(): RclTime;
  getClock(): RclClock;
  getLogger(): RclLogger;
  resolveTopicName(topic: string): string;
  getTopicNamesAndTypes(): readonly { name: string; types: readonly string[] }[];
  getPublishersInfoByTopic(topic: string): readonly RclEndpoint[];
  createPublisher(type: RclInterface, topic: string, options: { qos: RclQos }): RclPublisher;
  destroyPublisher(publisher: RclPublisher): void;
  createSubscription(
    type: RclInterface,
    topic: string,
    options: { qos: RclQos; isRaw: true },
    callback: (message: Buffer) => void,
    events?: RclSubscriptionEvents,
  ): RclSubscription;
  destroySubscription(subscription: RclSubscription): void;
  createGuardCondition(callback: () => void): RclGuardCondition;
  createService<Request, Response>(
    type: string,
    name: string,
    callback: (request: Request, response: RclResponse<Response>) => void,
  ): RclService;
  destroyService(service: RclService): void;
  createClient<Request, Response>(type: string, name: string): RclClient<Request, Response>;
  destroyClient<Request, Response>(client: RclClient<Request, Response>): void;
  /** The callback judges parameters that are declared or set, and may veto them. */
  addOnSetParametersCallback(callback: (parameters: readonly RclParameter[]) => RclSetParametersResult): void;
  getParameterOverrides(): readonly RclParameter[];
  getParameters(): readonly RclParameter[];
  hasParameter(name: string): boolean;
  declareParameter(parameter: RclParameter, descriptor: RclParameterDescriptor, ignoreOverride: boolean): RclParameter;
  setParametersAtomically(parameters: readonly RclParameter[]): RclSetParametersResult;
}

/** What the middleware tells of a subscription. */
export interface RclSubscriptionEvents {
  messageLost: (status: { total_count_change: number }) => void;
}

export interface RclContext {
  isShutdown(): boolean;
  shutdown(): void;
}

export interface Rclnodejs {
  init(context: RclContext, argv: readonly string[]): Promise<void>;
  /** rclnodejs ends the context at SIGINT by itself unless this is called. */
  removeSignalHandlers(): void;
  /** Throws on ROS 2 before Jazzy. */
  readonly SubscriptionEventCallbacks: new () => RclSubscriptionEvents;
  readonly Context: new () => RclContext;
  readonly Node: new (name: string, namespace: string, context: RclContext) => RclNode;
  readonly QoS: new (
    history: number,
    depth: number,
    reliability: number,
    durability: number,
    liveliness: number,
    avoidRosNameSpaceConventions: boolean,
  ) => RclQos;
  readonly Parameter: new (name: string, type: number, value: unknown) => RclParameter;
  readonly ParameterDescriptor: new (
    name: string,
    type: number,
    description: string,
    readOnly: boolean,
  ) => RclParameterDescriptor;
}

/**
 * An interface for endpoints whose messages pass as CDR bytes. rclnodejs asks it for its name only, so the JavaScript
 * classes it would generate for the package are not needed, just the package's own C library.
 * @param type - e.g. `sensor_msgs/msg/Image`
 */
export function rawInterface(type: string): RclInterface {
  const [pkgName = '', subFolder = '', interfaceName = ''] = type.split('/');
  // rclnodejs takes an object for a name to look up, and a function for an interface.
  return Object.assign(() => undefined, { type: () => ({ pkgName, subFolder, interfaceName }) });
}

/**
 * Loads rclnodejs.
 * @throws Error with one sentence that says what to do where it is not installed or finds no ROS 2
 */
export function loadRclnodejs(): Rclnodejs {
  requireRosEnvironment();
  try {
    return createRequire(import.meta.url)('rclnodejs') as Rclnodejs;
  } catch (error) {
    const [reason = ''] = (error as Error).message.split('\n');
    throw new Error(
      `Expected rclnodejs for the ROS 2 node but it cannot be loaded (${reason}): ` +
        'run "npm install" in a shell where ROS 2 is set up',
    );
  }
}

/** Without ROS_DISTRO rclnodejs would start a compiler before it fails. */
function requireRosEnvironment(): void {
  if (process.env.ROS_DISTRO !== undefined && process.env.AMENT_PREFIX_PATH !== undefined) return;
  throw new Error(
    'Expected a ROS 2 environment but ROS_DISTRO or AMENT_PREFIX_PATH is not set: run ". /opt/ros/<distro>/setup.sh" first',
  );
}
