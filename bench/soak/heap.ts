/**
 * What is left on the heap of so many masks, by kind: `npm run soak -- heap [--masks 3600] [--warm-up 1200] [--model FOLDER]`.
 * The sample's sensors are played in a loop into a pipeline that loses no set, as fast as it goes. What V8 compiles grows for
 * a long time; of the program's own objects one kind of which one stays in every {@link MASKS_AN_OBJECT} masks is a leak.
 */
import type { RawMessage } from '../../src/messages/index.js';
import { loadBundle, Segmenter } from '../../src/model/index.js';
import { TINY_BUNDLE } from '../../test/ros/support/node.js';
import { TOWN_TOPICS, townMessages } from '../../test/ros/support/town.js';
import { collectGarbage } from './support/collector.js';
import { endlessTown, TOWN_SECONDS } from './support/endless_town.js';
import { optionsOf, positive } from './support/endurance.js';
import { grownKinds, kindsOnHeap } from './support/heap_kinds.js';
import { recordedPipeline } from './support/recorded_pipeline.js';

const MASKS_AN_OBJECT = 20;
/** So many stay by chance, e.g. with what is compiled late. */
const MOST_BY_CHANCE = 100;
const RATE_HZ = 10;
const MOST_PRINTED = 12;

const options = optionsOf({ masks: '3600', 'warm-up': '1200', model: TINY_BUNDLE }, 'this-process');
const warmUp = positive('warm-up', options['warm-up']);
const measured = positive('masks', options.masks);
const bundle = await loadBundle(options.model);
const segmenter = await Segmenter.create(bundle, { threads: 1, provider: 'cpu' });
const recorded = await townMessages(TOWN_SECONDS);
let masks = 0;
let lost = 0;
const pipeline = recordedPipeline(recorded, TOWN_TOPICS, {
  bundle,
  segmenter,
  sink: {
    published: () => {
      masks++;
    },
    dropped: () => {
      lost++;
    },
    modalityChanged: () => undefined,
    problem: () => undefined,
  },
  backpressure: 'wait',
});
const messages = endlessTown(recorded, RATE_HZ);

async function playUntil(count: number): Promise<void> {
  while (masks < count) {
    const message: RawMessage = messages.next().value!;
    for (
      let due = pipeline.nextWakeUp();
      due !== undefined && due < message.receiveStamp;
      due = pipeline.nextWakeUp()
    ) {
      await pipeline.advanceTo(due);
    }
    await pipeline.receive(message);
  }
}

await playUntil(warmUp);
await collectGarbage();
// As bytes: kinds by the thousand would be objects that stay.
const before = Buffer.from(JSON.stringify([...(await kindsOnHeap())]));
await playUntil(warmUp + measured);
await collectGarbage();
const after = await kindsOnHeap();
const grown = grownKinds(new Map(JSON.parse(before.toString())), after);
await segmenter.close();
const total = (of: 'v8' | 'program') =>
  Math.round(grown.reduce((sum, each) => sum + (each.of === of ? each.bytes : 0), 0) / 1000);
const leaks = grown.filter(
  ({ of, count }) => of === 'program' && count > Math.max(MOST_BY_CHANCE, measured / MASKS_AN_OBJECT),
);
console.log(
  JSON.stringify({
    lane: 'heap',
    masks: measured,
    lost,
    grownKb: { program: total('program'), v8: total('v8') },
    violations: leaks.map(({ kind, count }) => `${count} of ${kind} stay after ${measured} masks`),
    most: grown.slice(0, MOST_PRINTED).map(({ kind, count, bytes }) => `${kind}: ${count}, ${bytes} bytes`),
  }),
);
process.exit(leaks.length === 0 ? 0 : 1);
