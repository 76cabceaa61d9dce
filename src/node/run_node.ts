import type { SegmenterOptions } from '../model/index.js';
import { RosNode } from '../ros/index.js';
import { collectGarbageRarely } from './garbage_collection.js';
import { MleSamNode } from './mle_sam_node.js';

export interface RunNodeOptions {
  /** The process's arguments; those after `--ros-args` are remappings and parameters. */
  argv: readonly string[];
  /** Bundle to load where the parameter `model` names none. */
  defaultModel: string;
  /** Tests pass a worker that fails, and restarts without long pauses. */
  segmenter?: Pick<SegmenterOptions, 'workerEntry' | 'restart'>;
}

/** Launch sends SIGTERM five seconds after SIGINT, and SIGKILL another five later: well before that it is over. */
const CLOSING_MS = 1500;

/**
 * Runs the node until a signal ends it, and then the process: with code 0 after SIGINT and SIGTERM, with code 1 after
 * anything else, so that launch's respawn brings it back.
 */
export async function runNode({ argv, defaultModel, segmenter }: RunNodeOptions): Promise<void> {
  let isEnding = false;
  /** Undoes what has been done so far. */
  let close = (): Promise<void> => Promise.resolve();
  const end = (code: number): void => {
    if (isEnding) return;
    isEnding = true;
    void endProcess(code, close);
  };
  // Before anything else, and in the turn of the call: until then the caller listens for them.
  process.on('SIGINT', () => end(0));
  process.on('SIGTERM', () => end(0));

  collectGarbageRarely();
  const ros = await RosNode.create('mle_sam', argv);
  const die = (reason: string): void => {
    ros.log.error(`Ending, to be started afresh: ${reason}`);
    end(1);
  };
  const node = new MleSamNode(ros, { defaultModel, onDeath: die, ...(segmenter && { segmenter }) });
  close = () => node.close().then(() => ros.close());
  // Nobody knows what state is left after either, so nothing goes on with it.
  process.on('uncaughtException', (error) => die(error.stack ?? error.message));
  process.on('unhandledRejection', (reason) => die(reason instanceof Error ? (reason.stack ?? '') : String(reason)));
  await node.start();
}

async function endProcess(code: number, close: () => Promise<void>): Promise<void> {
  const overdue = setTimeout(() => {
    // A model that is just being loaded: the end waits for no more than the native call its worker is in.
    if (code === 0) process.exit(code);
    // A worker that is stuck there for ever would keep exit() waiting as long, and nobody but us wants an end.
    process.kill(process.pid, 'SIGKILL');
  }, CLOSING_MS);
  await close().catch(() => undefined);
  clearTimeout(overdue);
  process.exit(code);
}
