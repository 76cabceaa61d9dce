import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/**
 * How a worker that will answer no more tells the test where it is: by a line in the file that `MLE_SAM_TEST_MARKS`
 * names, if any. Written at once, as no message would be.
 */
export function leaveMark(): void {
  const path = process.env.MLE_SAM_TEST_MARKS;
  if (path !== undefined) appendFileSync(path, '.');
}

export function countMarks(path: string): number {
  return existsSync(path) ? readFileSync(path).length : 0;
}

/** Where the test allows a worker that has left so many marks to go on. */
export function wayOn(path: string, marks: number): string {
  return `${path}-${marks}`;
}

/** Leaves a mark and holds the thread until the test allows it to go on. */
export function waitAtMark(): void {
  leaveMark();
  const path = process.env.MLE_SAM_TEST_MARKS!;
  const allowed = wayOn(path, countMarks(path));
  while (!existsSync(allowed)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}
