import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

const MODULE = new URL('../../src/process/index.js', import.meta.url).href;
const INTERRUPTS = new URL('../../src/cli/interrupts.js', import.meta.url).href;

/** Runs a program in a process of its own. */
function run(source: string) {
  const program = `import { atExit } from '${MODULE}';
    import { endedByInterrupt, interruptible } from '${INTERRUPTS}';
    const say = (text) => process.stdout.write(text + '\\n');
    ${source}`;
  const { stdout, status, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 110_000,
  });
  return { lines: stdout.trim().split('\n'), status, signal };
}

describe('tasks at the exit', function () {
  this.timeout(120_000);

  it('are done in their order after the last work, except those taken back', () => {
    const { lines, status } = run(`
      atExit(() => say('first'));
      atExit(() => { throw new Error('broken'); });
      atExit(() => say('taken back'))();
      atExit(() => say('last'));
      say('work');`);
    assert.deepEqual(lines, ['work', 'first', 'last']);
    assert.equal(status, 0);
  });

  it('are done when an error is caught nowhere', () => {
    assert.deepEqual(run(`atExit(() => say('done')); throw new Error('lost');`).lines, ['done']);
  });
});

describe('interrupts', function () {
  this.timeout(120_000);

  for (const [name, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`lets work that is interrupted by ${name} keep what it has, and ends with ${status}`, () => {
      const outcome = run(`
        atExit(() => say('cleaned'));
        const kept = await interruptible(async (signal) => {
          setTimeout(() => process.kill(process.pid, '${name}'), 10);
          const working = setInterval(() => undefined, 1000);
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          clearInterval(working);
          return signal.reason.message;
        });
        say(kept);`);
      assert.deepEqual(outcome, {
        lines: [`interrupted by ${name}`, 'cleaned'],
        status,
        signal: null,
      });
    });
  }

  it('ends the process at a second interrupt, and cleans up', () => {
    const outcome = run(`
      atExit(() => say('cleaned'));
      await interruptible(() => new Promise(() => {
        setInterval(() => process.kill(process.pid, 'SIGINT'), 10);
      }));
      say('never');`);
    assert.deepEqual(outcome, { lines: ['cleaned'], status: 130, signal: null });
  });

  it('ends at the first interrupt where there is nothing to keep', () => {
    const outcome = run(`
      atExit(() => say('cleaned'));
      await endedByInterrupt(() => new Promise(() => {
        setInterval(() => process.kill(process.pid, 'SIGTERM'), 10);
      }));
      say('never');`);
    assert.deepEqual(outcome, { lines: ['cleaned'], status: 143, signal: null });
  });
});
