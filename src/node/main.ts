#!/usr/bin/env node
/** The executable of `ros2 run mle_sam_ros mle_sam`. */
import { defaultBundlePath } from '../cli/default_bundle.js';
import { printable } from '../text/index.js';

// Whoever starts the node may think better of it while its code is being loaded, which takes seconds on a small computer.
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const end = () => process.exit(0);
for (const signal of SIGNALS) process.once(signal, end);

try {
  const { runNode } = await import('./run_node.js');
  const running = runNode({ argv: process.argv, defaultModel: defaultBundlePath() });
  // It listens by itself now.
  for (const signal of SIGNALS) process.off(signal, end);
  await running;
} catch (error) {
  process.stderr.write(`mle_sam: ${printable((error as Error).message)}\n`);
  process.exit(1);
}
