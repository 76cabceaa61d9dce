/**
 * Prints what was skipped and what failed in quarantine, then `N passed, N failed(, N skipped)` as the last line, and
 * ends the process with the status that goes with it.
 * @param parts - counts of each part of the tests: `{ passed, failed, skipped: string[], quarantined?: string[] }`
 */
export function finish(parts) {
  const total = (name) => parts.reduce((sum, part) => sum + part[name], 0);
  const listed = (name) => parts.flatMap((part) => part[name] ?? []);
  const [skipped, quarantined] = [listed('skipped'), listed('quarantined')];
  if (quarantined.length > 0) console.log(`\nFailed in quarantine:${bullets(quarantined)}`);
  if (skipped.length > 0) console.log(`\nSkipped:${bullets(skipped)}`);
  const counts = `${total('passed')} passed, ${total('failed')} failed`;
  console.log(`\n${counts}${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`);
  process.exit(total('failed') === 0 ? 0 : 1);
}

const bullets = (lines) => lines.map((line) => `\n  - ${line}`).join('');
