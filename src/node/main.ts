#!/usr/bin/env node
/** The executable of `ros2 run mle_sam_ros mle_sam`. */
import { defaultBundlePath } from '../cli/default_bundle.js';
import { printable } from '../text/index.js';
import { runNode } from './run_node.js';

try {
  await runNode({ argv: process.argv, defaultModel: defaultBundlePath() });
} catch (error) {
  process.stderr.write(`mle_sam: ${printable((error as Error).message)}\n`);
  process.exit(1);
}
