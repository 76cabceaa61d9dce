import { type SyncEvent, Synchronizer, type SynchronizerOptions } from '../../../src/sync/index.js';

const MS = 1e6;

/** A synchroniser whose words are changed before anybody hears them. */
class Reworded<T> extends Synchronizer<T, bigint> {
  readonly #change: (event: SyncEvent<T, bigint>, now: number) => SyncEvent<T, bigint>[];

  constructor(
    options: SynchronizerOptions,
    change: (event: SyncEvent<T, bigint>, now: number) => SyncEvent<T, bigint>[],
  ) {
    super(options);
    this.#change = change;
  }

  override advance(now: number): SyncEvent<T, bigint>[] {
    return super.advance(now).flatMap((event) => this.#change(event, now));
  }
}

function isBad(event: SyncEvent<unknown, bigint>): boolean {
  return event.kind === 'transition' && (event.to === 'dropped' || event.to === 'invalid');
}

/** Leaves sensors out as it should and never says so. */
export function mute<T>(options: SynchronizerOptions): Synchronizer<T, bigint> {
  return new Reworded<T>(options, (event) => (isBad(event) ? [] : [event]));
}

/** Says so a second and a half too late. */
export function slowToTell<T>(options: SynchronizerOptions): Synchronizer<T, bigint> {
  return new Reworded<T>(options, (event) =>
    event.kind === 'transition' && isBad(event) ? [{ ...event, at: event.at + 1500 * MS }] : [event],
  );
}

/** Blames every sensor's lens. */
export function slandering<T>(options: SynchronizerOptions): Synchronizer<T, bigint> {
  return new Reworded<T>(options, (event) =>
    event.kind === 'transition' && isBad(event) ? [{ ...event, reason: 'the image is black' }] : [event],
  );
}

/** Calls the next sensor invalid as well, for a cause that would be true of the failing one. */
export function accusing<T>(options: SynchronizerOptions): Synchronizer<T, bigint> {
  const names = options.streams.map(({ modality }) => modality);
  return new Reworded<T>(options, (event) => {
    if (event.kind !== 'transition' || !isBad(event)) return [event];
    const innocent = names[(names.indexOf(event.modality) + 1) % names.length]!;
    return [event, { ...event, modality: innocent, to: 'invalid' }, { ...event, modality: innocent, to: 'active' }];
  });
}

/** Says everything, and goes on waiting for what is gone. */
export function hopeful<T>(options: SynchronizerOptions): Synchronizer<T, bigint> {
  return new Reworded<T>(options, (event) => {
    if (event.kind !== 'partial') return [event];
    return [{ ...event, closed: event.opened + options.deadline }];
  });
}

/** Never says that a sensor it had called lost is back. */
export function unforgiving<T>(options: SynchronizerOptions): Synchronizer<T, bigint> {
  const blamed = new Set<string>();
  return new Reworded<T>(options, (event) => {
    if (event.kind !== 'transition') return [event];
    if (isBad(event)) blamed.add(event.modality);
    return isBad(event) || !blamed.has(event.modality) ? [event] : [];
  });
}

interface Held<T> {
  stamp: bigint;
  received: number;
  value: T;
}

/**
 * Drops nobody, judges nobody, and makes each set at its deadline from whatever is near by then: what a plain
 * approximate-time policy with a time-out does.
 */
export class PatientSynchronizer<T> extends Synchronizer<T, bigint> {
  readonly #names: readonly string[];
  readonly #deadline: number;
  readonly #held = new Map<string, Held<T>[]>();
  readonly #open: { modality: string; opener: Held<T> }[] = [];
  readonly #ready: SyncEvent<T, bigint>[] = [];
  #last: bigint | undefined;

  constructor(options: SynchronizerOptions) {
    super(options);
    this.#names = options.referencePriority;
    this.#deadline = options.deadline;
  }

  override push(modality: string, stamp: bigint, value: T, now: number): void {
    const held = this.#held.get(modality) ?? [];
    if (held.length === 0) {
      this.#ready.push({
        kind: 'transition',
        modality,
        from: 'waiting',
        to: 'active',
        reason: undefined,
        cause: undefined,
        at: now,
      });
    }
    const sample = { stamp, received: now, value };
    held.push(sample);
    this.#held.set(modality, held.slice(-400));
    // Whoever comes first in the order and was there a moment ago paces.
    const pace = this.#names.find((name) => now - (this.#held.get(name)?.at(-1)?.received ?? -Infinity) < 150 * MS);
    if (modality === pace && (this.#last === undefined || stamp > this.#last + 40_000_000n)) {
      this.#last = stamp;
      this.#open.push({ modality, opener: sample });
    }
  }

  override reportContent(): void {}
  override reportInvalid(): void {}

  override nextWakeUp(): number | undefined {
    const [first] = this.#open;
    return first && first.opener.received + this.#deadline;
  }

  override advance(now: number): SyncEvent<T, bigint>[] {
    for (let [first] = this.#open; first && first.opener.received + this.#deadline <= now; [first] = this.#open) {
      this.#open.shift();
      this.#ready.push(this.#close(first.modality, first.opener));
    }
    return this.#ready.splice(0);
  }

  #close(reference: string, { stamp, received }: Held<T>): SyncEvent<T, bigint> {
    const near = this.#names.flatMap((name) => {
      const apart = (sample: Held<T>) => Math.abs(Number(sample.stamp - stamp));
      const [best] = [...(this.#held.get(name) ?? [])].sort((a, b) => apart(a) - apart(b));
      return best !== undefined && apart(best) <= 75 * MS
        ? [[name, { kind: 'sample' as const, sample: best }] as const]
        : [];
    });
    const matches = new Map(near);
    const absent = new Map(
      this.#names.filter((name) => !matches.has(name)).map((name) => [name, 'unmatched' as const]),
    );
    return {
      kind: absent.size === 0 ? 'complete' : 'partial',
      stamp,
      reference,
      opened: received,
      closed: received + this.#deadline,
      closedBy: 'deadline',
      absent,
      matches,
    };
  }
}
