import {
  type ContentVerdict,
  DEFAULT_THRESHOLDS,
  defaultStreamOptions,
  type SyncEvent,
  Synchronizer,
} from '../../../src/sync/index.js';
import { digestOf, type FuzzTarget, require, requireSentence } from '../target.js';

const MS = 1e6;
const NAMES = ['p', 'q', 'r', 's'] as const;
const VERDICTS: readonly ContentVerdict[] = [
  { kind: 'good' },
  { kind: 'blind', reason: 'black' },
  { kind: 'blind', reason: 'frozen' },
];
/** Far and odd times, in milliseconds. */
const JUMPS = [0, 37_000, -37_000, 3.6e6, -3.6e6, 1.7e12, -1.7e12, 2 ** 31, 250, -250, 0.5, 50];
const MOST_HELD = 5000;

/** Reads calls off bytes: two for each, what and how much. */
async function play(bytes: Uint8Array): Promise<string> {
  const count = 1 + ((bytes[0] ?? 0) % 4);
  const names = NAMES.slice(0, count);
  const sync = new Synchronizer<number>({
    ...DEFAULT_THRESHOLDS,
    deadline: (1 + ((bytes[1] ?? 0) % 250)) * MS,
    streams: names.map((name, i) => ({
      ...defaultStreamOptions(name, ((bytes[2] ?? 0) >> i) & 1 ? 'window' : 'nearest'),
      ...(((bytes[3] ?? 0) >> i) & 1 && { period: 40 * MS }),
      ...(((bytes[4] ?? 0) >> i) & 1 && { necessity: 'essential' as const }),
    })),
    referencePriority: names.slice(0, 1 + ((bytes[5] ?? 0) % count)),
  });
  let now = 1000 * MS;
  const clocks = names.map((_, i) => i * 3 * MS);
  const sent = new Map<string, number>(names.map((name) => [name, 0]));
  const told: string[] = [];
  let last = Number.NEGATIVE_INFINITY;
  const take = (events: SyncEvent<number>[]) => {
    for (const event of events) {
      if (event.kind === 'reset') last = Number.NEGATIVE_INFINITY;
      if (event.kind === 'complete' || event.kind === 'partial') {
        require(event.stamp > last, `a set at ${event.stamp} after one at ${last}`);
        last = event.stamp;
      }
      told.push(event.kind);
    }
  };
  for (let at = 6; at + 1 < bytes.length; at += 2) {
    const [what, much] = [bytes[at]!, bytes[at + 1]!];
    const stream = what % count;
    const name = names[stream]!;
    switch ((what >> 2) % 10) {
      case 0:
      case 1:
      case 2:
      case 3: {
        now += (much % 32) * MS;
        const stamp = now + clocks[stream]! - 20 * MS;
        sync.push(name, stamp, at, now);
        sent.set(name, sent.get(name)! + 1);
        break;
      }
      case 4:
        clocks[stream] = JUMPS[much % JUMPS.length]! * MS;
        break;
      case 5:
        now += much * 8 * MS;
        break;
      case 6:
        sync.reportContent(name, now + clocks[stream]! - 20 * MS, VERDICTS[much % VERDICTS.length]!, now);
        break;
      case 7:
        sync.reportInvalid(name, 'cut off', now);
        break;
      case 8:
        sync.setEnabled(name, much % 2 === 0 ? 'disabled' : 'enabled');
        break;
      default: {
        // A burst under one arrival, or a receive clock that goes back.
        if (much > 250) now -= much * 20 * MS;
        for (let k = 0; k < much % 8; k++) {
          sync.push(name, now + clocks[stream]! - k * 5 * MS, at, now);
          sent.set(name, sent.get(name)! + 1);
        }
      }
    }
    if (much % 3 !== 0) take(sync.advance(now));
    const wake = sync.nextWakeUp();
    require(wake === undefined || Number.isFinite(wake), `a wake-up at ${wake}`);
  }
  take(sync.advance(now + 5000 * MS));
  const { modalities, open } = sync.status();
  require(open <= 64, `${open} sets open`);
  for (const { modality, counters, held, state, advice } of modalities as readonly Status[]) {
    const { received, used, superseded, repeated, outOfOrder, ignored, cleared } = counters;
    const sum = used + superseded + repeated + outOfOrder + ignored + cleared + held;
    require(received === sent.get(modality), `${modality}: ${sent.get(modality)} sent but ${received} received`);
    require(sum === received, `${modality}: ${received} received but ${sum} accounted for`);
    require(held <= MOST_HELD, `${modality}: ${held} samples held`);
    if (typeof advice === 'string') requireSentence(advice, 'advice');
    told.push(`${modality} ${state} ${used}`);
  }
  return digestOf(new TextEncoder().encode(told.join()));
}

interface Status {
  modality: string;
  state: string;
  held: number;
  advice?: unknown;
  counters: Record<'received' | 'used' | 'superseded' | 'repeated' | 'outOfOrder' | 'ignored' | 'cleared', number>;
}

/** Four sensors in their rhythm. */
function rhythm(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) =>
    i < 6 ? [3, 100, 8, 0, 0, 3][i]! : i % 2 === 0 ? (i / 2) % 4 : 7 + (i % 5),
  );
}

export const synchronizerTargets: readonly FuzzTarget[] = [
  {
    name: 'synchronizer',
    weight: 15,
    form: 'binary',
    seeds: async () => [rhythm(400), rhythm(1500), rhythm(80)],
    run: play,
  },
];
