import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectRoot } from '../../support/shared_data.js';
import { Program } from './program.js';

const isCompiled = import.meta.url.includes('/dist/test/');
const main = fileURLToPath(
  new URL(isCompiled ? '../../../src/node/main.js' : '../../../src/node/main.ts', import.meta.url),
);

export const TINY_BUNDLE = join(projectRoot, 'test', 'fixtures', 'tiny-bundle');

/** Parameters by name, in YAML's spelling. */
export type Parameters = Readonly<Record<string, string | number | boolean>>;

interface NodeStart {
  rosArguments?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Of Node.js itself. */
  runtimeArguments?: readonly string[];
}

/** Starts the node as a process of its own, as `ros2 run` would. */
export function startNode(
  domain: number,
  parameters: Parameters,
  { rosArguments = [], env = {}, runtimeArguments = [] }: NodeStart = {},
): Program {
  const values = Object.entries(parameters).flatMap(([name, value]) => ['-p', `${name}:=${value}`]);
  return startScript(main, domain, [...values, ...rosArguments], env, runtimeArguments);
}

/** Starts another program of this project on the graph, from its source or compiled, as this one is. */
export function startScript(
  path: string,
  domain: number,
  rosArguments: readonly string[],
  env: Readonly<Record<string, string>> = {},
  runtimeArguments: readonly string[] = [],
): Program {
  const loader = isCompiled ? [] : ['--import=tsx'];
  const args = [...runtimeArguments, ...loader, path, '--ros-args', ...rosArguments];
  return Program.start(process.execPath, args, { env: { ...env, ROS_DOMAIN_ID: String(domain) } });
}
