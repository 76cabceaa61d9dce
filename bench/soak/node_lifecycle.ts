/**
 * Life cycles of a node on a graph: `npm run soak -- node_lifecycle [--rounds 100] [--seed 1] [--malloc usual]`. While the
 * sample's sensors play, a manager configures and activates the node, waits for a mask in most rounds and for nothing in the
 * others, deactivates it and cleans it up. Every transition succeeds, and no round leaves memory, threads or open files
 * behind. `npm run soak -- lifecycle` does the same in one process, without a graph and faster.
 */
import { Random } from '../../src/random/random.js';
import { domainOf } from '../../test/ros/support/index.js';
import { startNode, TINY_BUNDLE } from '../../test/ros/support/node.js';
import { Rig } from '../../test/ros/support/rig.js';
import { townMessages } from '../../test/ros/support/town.js';
import { Endurance, optionsOf, positive } from './support/endurance.js';
import { mallocEnvironment, watchedArguments } from './support/malloc.js';
import { figuresOf } from './support/memory.js';

const LOOP_SECONDS = 4;
const PATIENT = { deadlineMs: 60_000 };
const WAITING_SHARE = 0.8;

const options = optionsOf({ rounds: '100', seed: '1', model: TINY_BUNDLE }, 'another');
const rounds = positive('rounds', options.rounds);
const random = new Random(Number(options.seed), 'node_lifecycle');
const domain = domainOf(import.meta.url);
const messages = await townMessages(LOOP_SECONDS);
const rig = new Rig({ messages, loop: LOOP_SECONDS, domain, listen: ['semantic_mask'] });
const node = startNode(
  domain,
  { model: options.model, threads: 1, autostart: false },
  { env: mallocEnvironment(options.malloc), runtimeArguments: watchedArguments() },
);
await rig.program.line('ready', PATIENT);
await rig.tell({ play: true });
await rig.ask('get_state');

const run = new Endurance({
  minutes: Number.POSITIVE_INFINITY,
  read: () => figuresOf(node),
  series: options.series,
});
let masks = 0;
let done = 0;
try {
  for (; done < rounds; done++) {
    for (const label of ['configure', 'activate', 'deactivate', 'cleanup']) {
      if (label === 'deactivate' && random.chance(WAITING_SHARE)) await rig.more('semantic_mask', 1, PATIENT);
      const { success } = await rig.ask<{ success: boolean }>('change_state', label);
      if (!success) run.violation(`round ${done + 1}: ${label} failed`);
    }
    masks += rig.received('semantic_mask').length;
    rig.forget();
    await run.sample();
  }
} catch (error) {
  run.violation(`round ${done + 1}: ${(error as Error).message}`);
}
const status = run.finish({ lane: 'node_lifecycle', malloc: options.malloc, rounds: done, masks });
await Promise.all([rig.stop(), node.stop()]);
process.exit(status);
