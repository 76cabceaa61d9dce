import type { SegmenterOptions } from '../model/index.js';
import { RosNode } from '../ros/index.js';
import { MleSamNode } from './mle_sam_node.js';

export interface RunNodeOptions {
  /** The process's arguments; those after `--ros-args` are remappings and parameters. */
  argv: readonly string[];
  /** Bundle to load where the parameter `model` names none. */
  defaultModel: string;
  /** Tests pass a worker that fails, and restarts without long pauses. */
  segmenter?: Pick<SegmenterOptions, 'workerEntry' | 'restart'>;
}

/** What launch waits for at the least between SIGINT and SIGTERM is five seconds; nobody should notice the ending. */
const CLOSING_MS = 1500;

/**
 * Runs the node until a signal ends it, and then the process: with code 0 after SIGINT and SIGTERM, with code 1 after
 * anything else, so that launch's respawn brings it back.
 */
export async function runNode({ argv, defaultModel, segmenter }: RunNodeOptions): Promise<void> {
  const ros = await RosNode.create('mle_sam', argv);
  let isEnding = false;
  const end = (code: number): void => {
    if (isEnding) return;
    isEnding = true;
    void endProcess(code, () => node.close().then(() => ros.close()));
  };
  const die = (reason: string): void => {
    ros.log.error(`Ending, to be started afresh: ${reason}`);
    end(1);
  };
  const node = new MleSamNode(ros, { defaultModel, onDeath: die, ...(segmenter && { segmenter }) });
  process.on('SIGINT', () => end(0));
  process.on('SIGTERM', () => end(0));
  // Nobody knows what state is left after either, so nothing goes on with it.
  process.on('uncaughtException', (error) => die(error.stack ?? error.message));
  process.on('unhandledRejection', (reason) => die(reason instanceof Error ? (reason.stack ?? '') : String(reason)));
  await node.start();
}

async function endProcess(code: number, close: () => Promise<void>): Promise<void> {
  const overdue = setTimeout(() => {
    // A worker stuck in native code would keep even exit() waiting.
    process.kill(process.pid, 'SIGKILL');
  }, CLOSING_MS);
  await close().catch(() => undefined);
  clearTimeout(overdue);
  process.exit(code);
}
