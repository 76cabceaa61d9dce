// Jobs of the tests side by side: one on the ROS graph, which needs its processor time at once, and others with what is
// left of the time. What a job prints is shown once it is through, with what it took.
import { availableParallelism } from 'node:os';

/** Jobs besides the one on the graph; that one mostly waits, for messages. */
export const BESIDE = Math.min(2, availableParallelism());

/**
 * Runs jobs in the order given, as far as each is ready and has a lane.
 * @param {object[]} jobs - the longest first
 * @param {string} jobs[].name
 * @param {boolean} [jobs[].isOnGraph] - one of these at a time
 * @param {Promise} [jobs[].ready] - what has to be there before, such as an environment
 * @param {(ready: unknown, how: { isShown: boolean }) => Promise<object>} jobs[].run - gives counts: `{ passed, failed,
 * skipped, output }`; shows its output itself where it is the only job
 * @returns the counts of all jobs, each with `name` and `seconds`
 */
export async function runJobs(jobs) {
  const waiting = jobs.map((job) => ({ ...job, isReady: job.ready === undefined, value: undefined }));
  const running = new Set();
  const done = [];
  let wake;
  for (const job of waiting) {
    job.ready?.then((value) => {
      Object.assign(job, { isReady: true, value });
      wake?.();
    });
  }
  const isFree = (isOnGraph) => {
    const alike = [...running].filter((job) => Boolean(job.isOnGraph) === Boolean(isOnGraph));
    return alike.length < (isOnGraph ? 1 : BESIDE);
  };
  const firstThatMayRun = () => waiting.find((job) => job.isReady && isFree(job.isOnGraph));
  const begin = async (job) => {
    const began = performance.now();
    const counts = await job.run(job.value, { isShown: jobs.length === 1 });
    running.delete(job);
    const seconds = (performance.now() - began) / 1000;
    done.push({ ...counts, name: job.name, seconds });
    process.stdout.write(`${heading(job.name, counts, seconds)}${counts.output ?? ''}`);
    wake?.();
  };
  while (waiting.length > 0 || running.size > 0) {
    for (let next = firstThatMayRun(); next !== undefined; next = firstThatMayRun()) {
      waiting.splice(waiting.indexOf(next), 1);
      running.add(next);
      begin(next);
    }
    await new Promise((resolve) => {
      wake = resolve;
    });
  }
  return done;
}

function heading(name, { passed, failed }, seconds) {
  return `\n${name}: ${passed} passed${failed > 0 ? `, ${failed} FAILED` : ''} in ${seconds.toFixed(0)} s\n`;
}
