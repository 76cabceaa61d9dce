import { createHash } from 'node:crypto';

/** Domains whose ports lie below the range Linux takes for outgoing connections, but for 0, which robots use. */
const DOMAINS = 101;

/**
 * The ROS domain of one test file, so that nodes of files that run side by side, and of other programs on this machine,
 * do not meet: derived from the file and from this process.
 * @param moduleUrl - `import.meta.url` of the test file
 */
export function domainOf(moduleUrl: string): number {
  const digest = createHash('sha256').update(`${moduleUrl} ${process.pid}`).digest();
  return 1 + (digest.readUInt32LE(0) % DOMAINS);
}
