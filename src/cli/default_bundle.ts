import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

/** The bundle that comes with the package, as a path relative to where the command runs. */
export function defaultBundlePath(): string {
  const packageFile = createRequire(import.meta.url).resolve('mle-sam-ros/package.json');
  return relative(process.cwd(), join(dirname(packageFile), 'models', 'reference'));
}
