// The folder `offline/` of an archive made by `npm run pack:offline`: packages for a build without a registry.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, hashOf } from './staging.mjs';

/**
 * @param base - the source tree
 * @param lock - text of its package-lock.json
 * @returns `{ packages, key }`: a complete node_modules for this platform and what distinguishes it from others;
 * undefined where the tree has no such folder
 */
export function readOffline(base, lock) {
  const folder = join(base, 'offline');
  if (!existsSync(folder)) return undefined;
  const manifest = readManifest(join(folder, 'manifest.json'));
  const { platform, arch } = process;
  if (manifest.platform !== platform || manifest.arch !== arch) {
    fail(
      `Expected an archive for ${platform} on ${arch} but offline/ is for ${manifest.platform} on ${manifest.arch}. ` +
        `Make one with: npm run pack:offline -- --arch ${arch}`,
    );
  }
  if (manifest.lock !== hashOf(lock)) {
    fail(
      'Expected offline/ to hold the packages of package-lock.json but it was made from another one. Make the archive ' +
        'again, or remove offline/ to take packages from the registry.',
    );
  }
  return { packages: join(folder, 'node_modules'), key: JSON.stringify(manifest) };
}

function readManifest(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    return fail(`Expected offline/manifest.json as of npm run pack:offline but could not read it: ${error.message}`);
  }
}
