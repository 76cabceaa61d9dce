import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

/** A path of the package's own files, relative to where the command runs. */
export function packagePath(...parts: readonly string[]): string {
  const packageFile = createRequire(import.meta.url).resolve('mle-sam-ros/package.json');
  return relative(process.cwd(), join(dirname(packageFile), ...parts));
}

/** The bundle that comes with the package, as a path relative to where the command runs. */
export function defaultBundlePath(): string {
  return packagePath('models', 'reference');
}
