// What the scripts that make an installable package share: folders that are made again only when what they are made
// from has changed, and folders as other platforms or a robot need them.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Beside a folder's own files: the key of what it was made from. */
const MARKER = '.made-from';

/** Ends the program with one sentence. */
export function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

export function hashOf(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}

/** All files below a path in a fixed order, links to files included; the path itself where it is a file. */
export function filesBelow(path) {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** One hash of the names and contents of files and folders below `base`. */
export function hashOfFiles(base, paths) {
  const files = paths.flatMap((path) => {
    const full = join(base, path);
    return isFile(full) ? [full] : filesBelow(full);
  });
  return hashOf(...files.flatMap((file) => [relative(base, file), readFileSync(file)]));
}

function isFile(path) {
  return readdirSync(dirname(path), { withFileTypes: true }).some(
    (entry) => entry.isFile() && join(dirname(path), entry.name) === path,
  );
}

/** The key a folder was made with, if it was made to the end. */
export function keyOf(folder) {
  const marker = join(folder, MARKER);
  return existsSync(marker) ? readFileSync(marker, 'utf8') : undefined;
}

/** Has `make` fill an empty folder, unless it was filled with the same key; half done is done again. */
export function once(folder, key, make) {
  if (keyOf(folder) === key) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  make();
  writeFileSync(join(folder, MARKER), key);
}

/** Makes `to` a copy of the folder `from`, which `once` has made, unless it is one already. */
export function copyOnce(from, to) {
  const key = keyOf(from);
  if (key === undefined) fail(`Expected ${from} to be complete but it is not. Build again.`);
  if (keyOf(to) === key) return;
  rmSync(to, { recursive: true, force: true });
  // The marker goes last: a copy that was interrupted has none.
  const marker = join(from, MARKER);
  cpSync(from, to, { recursive: true, verbatimSymlinks: true, filter: (path) => path !== marker });
  writeFileSync(join(to, MARKER), key);
}

/** onnxruntime-node brings the libraries of every platform, 250 MB of which are not this one's. */
export function leaveOutOtherPlatforms(packages, wanted = process) {
  const bin = join(packages, 'onnxruntime-node', 'bin');
  for (const napi of readdirSync(bin)) {
    for (const platform of readdirSync(join(bin, napi))) {
      for (const arch of readdirSync(join(bin, napi, platform))) {
        if (platform === wanted.platform && arch === wanted.arch) continue;
        rmSync(join(bin, napi, platform, arch), { recursive: true });
      }
    }
  }
}

/** Paths of the packages that the lock file has for what runs: all but tools of development. */
export function runtimePackages(lock) {
  return Object.entries(JSON.parse(lock).packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path]) => path);
}

/** Takes away packages that serve development only, as the lock file says. */
export function leaveOutDevelopment(folder, lock) {
  leaveOutPackages(folder, lock, new Set(runtimePackages(lock)));
}

/** Takes away the packages of the lock file that are not among those needed. */
export function leaveOutPackages(folder, lock, needed) {
  for (const path of Object.keys(JSON.parse(lock).packages)) {
    if (path !== '' && !needed.has(path)) rmSync(join(folder, path), { recursive: true, force: true });
  }
}
