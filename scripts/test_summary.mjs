/**
 * Prints what was skipped, what failed in quarantine and what failed, then `N passed, N failed(, N skipped)` as the last
 * line, and ends the process with the status that goes with it.
 * Before that it names what took longest, and where tests are to be fast those that are not.
 * @param parts - of `runJobs`: `{ name, seconds, passed, failed, skipped: string[], failures?: object[],
 * quarantined?: string[], long?: object[] }`
 */
export function finish(parts, { isFast = false } = {}) {
  const total = (name) => parts.reduce((sum, part) => sum + part[name], 0);
  const listed = (name) => parts.flatMap((part) => part[name] ?? []);
  const longest = [...parts].sort((a, b) => b.seconds - a.seconds).slice(0, LONGEST_TOLD);
  console.log(`\nLongest:${bullets(longest.map(({ name, seconds }) => `${seconds.toFixed(0)} s ${name}`))}`);
  const long = isFast ? listed('long').sort((a, b) => b.seconds - a.seconds) : [];
  if (long.length > 0) {
    const lines = long.map(({ title, seconds }) => `${seconds.toFixed(0)} s ${title}`);
    console.log(`\nTests that take long, which may belong to npm run test:slow:${bullets(lines)}`);
  }
  const skipped = listed('skipped');
  if (skipped.length > 0) console.log(`\nSkipped:${bullets(skipped)}`);
  const quarantined = listed('quarantined');
  if (quarantined.length > 0) console.log(`\nFailed in quarantine:${bullets(quarantined)}`);
  const failures = parts.flatMap(describeFailures);
  if (failures.length > 0) console.log(`\nFailed:${bullets(failures)}`);
  const counts = `${total('passed')} passed, ${total('failed')} failed`;
  console.log(`\n${counts}${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`);
  process.exit(total('failed') === 0 ? 0 : 1);
}

/**
 * A line for each failed test of a job: the job, the title and what went wrong in one line.
 * @param counts - `{ name, failed, failures?: { title, message }[] }`; without `failures` the job as a whole is named
 */
function describeFailures({ name, failed, failures = [] }) {
  if (failed === 0) return [];
  if (failures.length === 0) return [`${name}: ${failed} failed`];
  return failures.map(({ title, message }) => `${name}: ${title}: ${shorten(message)}`);
}

/** A line of a page's width. */
function shorten(message) {
  const line = message.replace(/\s+/g, ' ').trim();
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)} …` : line;
}

const LONGEST_LINE = 300;
const LONGEST_TOLD = 8;
const bullets = (lines) => lines.map((line) => `\n  - ${line}`).join('');
