import { extname } from 'node:path';
import { loadBundle, Segmenter } from '../../../src/model/index.js';
import { onHeldClock } from './held_clock.js';
import { frameSetOf, imageOf, tinyBundle } from './tiny_bundle.js';

/** Runs a model whose upper provider never comes back from native code, and ends. */
const say = (line: string) => process.stdout.write(`${line}\n`);
await onHeldClock(async (clock) => {
  const segmenter = Segmenter.start(await loadBundle(tinyBundle), {
    threads: 1,
    startTimeoutMs: 4000,
    workerEntry: new URL(`./falling_worker${extname(import.meta.url)}`, import.meta.url),
    onEvent: ({ kind }) => kind !== 'slow-start' && say(kind),
  });
  await clock.hangs(1);
  clock.tick(4000);
  await segmenter.whenReady();
  await segmenter.segment(frameSetOf([imageOf('camera', 100)]));
  say('segmented');
  // As long as a thread is given to end.
  clock.tick(2000);
  await segmenter.close();
  say('closed');
});
process.exitCode = 5;
