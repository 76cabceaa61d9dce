import type { Stamp } from '../../messages/stamp.js';
import type { ModalityImage } from '../modality_image.js';
import type { SensorReason } from '../reason.js';
import type { Representation } from '../representation.js';
import { type EdgeMap, edgeMap } from './edge_map.js';
import { PairAgreement, type PairVerdict } from './pair_agreement.js';

/** What is wrong with the content of one sensor, as the others see it. */
export type Disagreement = Extract<SensorReason, { code: 'misplaced' | 'content-old' }>;

/** Sensors are compared this often; the past in steps of it. */
const STEP_NS = 200_000_000n;
const MOST_AGE = 15;
/** A disagreement must hold for so many comparisons, and be gone for as many as the second before it is taken back. */
const HOLDS_FOR = 4;
const GONE_FOR = 8;

interface Seen {
  stamp: Stamp;
  maps: ReadonlyMap<string, EdgeMap>;
}

/**
 * Compares where the sensors see outlines, in pairs, and says which one disagrees with the others: because it has been
 * turned or its transform is wrong, or because it shows the past. Works on the images the model gets, so that no message
 * is decoded for it, a few times a second.
 */
export class AgreementWatch {
  readonly #kinds: ReadonlyMap<string, Representation['kind']>;
  readonly #pairs = new Map<string, { names: readonly [string, string]; agreement: PairAgreement }>();
  readonly #past: Seen[] = [];
  #turn = 0;
  readonly #standing = new Map<string, { disagreement: Disagreement; held: number; gone: number }>();
  /** The image a map was last made from. */
  readonly #latest = new Map<string, { image: ModalityImage; map: EdgeMap }>();

  constructor(modalities: readonly { name: string; representation: Representation }[]) {
    this.#kinds = new Map(modalities.map(({ name, representation }) => [name, representation.kind]));
    const isEvents = (name: string) => ['polarity', 'counts-recency'].includes(this.#kinds.get(name)!);
    const isCamera = (name: string) => this.#kinds.get(name) === 'rgb';
    const names = modalities.map(({ name }) => name);
    for (const [i, first] of names.entries()) {
      for (const second of names.slice(i + 1)) {
        // Events show what moves and depth what is near: the two have too little in common.
        const isFit = !(isEvents(first) || isEvents(second)) || isCamera(first) || isCamera(second);
        if (isFit) {
          this.#pairs.set(`${first} ${second}`, { names: [first, second], agreement: new PairAgreement(MOST_AGE) });
        }
      }
    }
  }

  /** Whether {@link see} would compare at this stamp. */
  isDue(stamp: Stamp): boolean {
    const last = this.#past[0];
    return last === undefined || stamp - last.stamp >= STEP_NS || stamp < last.stamp;
  }

  /**
   * Takes in a set's images, in steps of a fraction of a millisecond; does nothing where it is not due. All steps are to
   * be taken before the next set comes.
   */
  *see(images: ReadonlyMap<string, ModalityImage>, stamp: Stamp): Generator<void> {
    if (!this.isDue(stamp)) return;
    if (this.#past[0] !== undefined && stamp < this.#past[0].stamp) this.#past.length = 0;
    const maps = new Map<string, EdgeMap>();
    for (const [name, image] of images) {
      if (image.quality.kind !== 'good') continue;
      yield;
      maps.set(name, this.#mapOf(name, image));
    }
    const pastOf = (name: string) =>
      Array.from({ length: MOST_AGE }, (_, i) => nearest(this.#past, stamp - BigInt(i + 1) * STEP_NS)?.maps.get(name));
    for (const { names, agreement } of this.#pairs.values()) {
      const [first, second] = names.map((name) => maps.get(name));
      if (first === undefined || second === undefined || first.width !== second.width) continue;
      yield;
      const isTurnOfPast = this.#turn % 2 === 1;
      agreement.see(first, second, isTurnOfPast ? { first: pastOf(names[0]), second: pastOf(names[1]) } : 'displaced');
    }
    this.#turn++;
    this.#past.unshift({ stamp, maps });
    this.#past.length = Math.min(this.#past.length, MOST_AGE + 1);
    this.#judge(maps);
  }

  /** What stands against a sensor now. */
  disagreementOf(modality: string): Disagreement | undefined {
    const standing = this.#standing.get(modality);
    return standing !== undefined && standing.held >= HOLDS_FOR ? standing.disagreement : undefined;
  }

  /** Forgets everything, after the clock jumped. */
  reset(): void {
    this.#past.length = 0;
    this.#standing.clear();
    for (const pair of this.#pairs.values()) pair.agreement = new PairAgreement(MOST_AGE);
  }

  #mapOf(name: string, image: ModalityImage): EdgeMap {
    const latest = this.#latest.get(name);
    if (latest?.image === image) return latest.map;
    const map = edgeMap(image, this.#kinds.get(name)!);
    this.#latest.set(name, { image, map });
    return map;
  }

  #judge(maps: ReadonlyMap<string, EdgeMap>): void {
    const found = new Map<string, Disagreement>();
    const verdicts = [...this.#pairs.values()].map(({ names, agreement }) => ({ names, verdict: agreement.verdict }));
    for (const name of maps.keys()) {
      const disagreement = disagreementIn(name, verdicts, maps.get(name)!);
      if (disagreement !== undefined) found.set(name, disagreement);
    }
    for (const name of this.#kinds.keys()) {
      const standing = this.#standing.get(name);
      const disagreement = found.get(name);
      if (disagreement !== undefined) {
        const isSame = standing?.disagreement.code === disagreement.code;
        this.#standing.set(name, { disagreement, held: isSame ? standing.held + 1 : 1, gone: 0 });
      } else if (standing !== undefined) {
        const isHeld = standing.held >= HOLDS_FOR && standing.gone + 1 < GONE_FOR;
        if (isHeld) standing.gone++;
        else this.#standing.delete(name);
      }
    }
  }
}

type Judged = { names: readonly [string, string]; verdict: PairVerdict };

/** What is held against a sensor: something that no other one of those it disagrees with is to blame for. */
function disagreementIn(name: string, verdicts: readonly Judged[], map: EdgeMap): Disagreement | undefined {
  const own = verdicts.filter(({ names, verdict }) => names.includes(name) && verdict.kind !== 'unknown');
  const ages = own.flatMap(({ names, verdict }) => {
    if (verdict.kind !== 'old' || names[verdict.which === 'first' ? 0 : 1] !== name) return [];
    return [{ age: verdict.age, other: names[verdict.which === 'first' ? 1 : 0] }];
  });
  const [oldest] = ages.toSorted((a, b) => b.age - a.age);
  if (oldest !== undefined && 2 * ages.length > own.length) {
    const seconds = (oldest.age * Number(STEP_NS)) / 1e9;
    return { code: 'content-old', seconds, against: ages.map(({ other }) => other) };
  }
  const shifts = own.flatMap(({ names, verdict }) => {
    if (verdict.kind !== 'shifted') return [];
    const isSecond = names[1] === name;
    const sign = isSecond ? 1 : -1;
    return [{ right: sign * verdict.right + 0, down: sign * verdict.down + 0, other: names[isSecond ? 0 : 1] }];
  });
  const [first] = shifts;
  if (first === undefined || 2 * shifts.length <= own.length) return undefined;
  // Of two that disagree with each other alone, the one that agrees with the others is not to blame.
  const isOtherWorse =
    shifts.length === 1 &&
    own.length === 1 &&
    shareShifted(first.other, verdicts) > 0.5 &&
    verdicts.filter(({ names, verdict }) => names.includes(first.other) && verdict.kind !== 'unknown').length > 1;
  if (isOtherWorse) return undefined;
  const { right, down } = first;
  return {
    code: 'misplaced',
    right: right / map.width,
    down: down / map.height,
    against: shifts.map(({ other }) => other),
  };
}

function shareShifted(name: string, verdicts: readonly Judged[]): number {
  const own = verdicts.filter(({ names, verdict }) => names.includes(name) && verdict.kind !== 'unknown');
  return own.filter(({ verdict }) => verdict.kind === 'shifted').length / Math.max(1, own.length);
}

function nearest(past: readonly Seen[], wanted: Stamp): Seen | undefined {
  return past.find(({ stamp }) => {
    const apart = stamp > wanted ? stamp - wanted : wanted - stamp;
    return 2n * apart <= STEP_NS;
  });
}
