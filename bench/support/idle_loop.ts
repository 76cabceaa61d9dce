/**
 * An event loop with nothing to do but to measure its own delay: what any process waits on the machine as loaded as it
 * is. Started by bench/node.ts, which ends it with a message and is told the figures.
 */
import { TurnMeter } from './turn_meter.js';

const turns = new TurnMeter();
process.once('message', () => process.send!(turns.figures(), () => process.exit(0)));
