import { fileURLToPath } from 'node:url';
import { Program } from './program.js';

const isCompiled = import.meta.url.includes('/dist/test/');
const main = fileURLToPath(
  new URL(isCompiled ? '../../../src/cli/main.js' : '../../../src/cli/main.ts', import.meta.url),
);

/** `mle-sam ARGS...` as a process of its own, from the sources or compiled, as this test is. */
export function mleSam(args: readonly string[], domain: number, env: Readonly<Record<string, string>> = {}): Program {
  const loader = isCompiled ? [] : ['--import=tsx'];
  return Program.start(process.execPath, [...loader, main, ...args], {
    env: { ...env, ROS_DOMAIN_ID: String(domain) },
  });
}
