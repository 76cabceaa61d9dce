import assert from 'node:assert/strict';
import type { ModalityImage } from '../../../src/sensors/index.js';
import { type Implausibility, Plausibility } from '../../../src/sensors/plausibility/index.js';
import type { Representation } from '../../../src/sensors/representation.js';
import { patched, Street } from './scene.js';

const MODALITIES = [
  { name: 'camera', representation: { kind: 'rgb' } },
  { name: 'depth', representation: { kind: 'inverse' } as Representation },
  { name: 'lidar', representation: { kind: 'range-intensity-height' } as Representation },
] as const satisfies readonly { name: string; representation: Representation }[];
const NAMES = MODALITIES.map(({ name }) => name);

/** Pixels the street moves from one set to the next, ten a second. */
const PACE = 6;

interface Drive {
  seconds: number;
  /** Where the vehicle is at a set; it goes along at an even pace where absent. */
  place?: (set: number) => number;
  /** What a sensor shows at a set; undefined: nothing. */
  image?: (name: string, set: number, street: Street, place: (set: number) => number) => ModalityImage | undefined;
}

/** Drives along, and returns what is held against each sensor at each set. */
function drive({ seconds, place = (set) => PACE * set, image }: Drive): Map<string, (Implausibility | undefined)[]> {
  const street = new Street(NAMES);
  const plausibility = new Plausibility(MODALITIES);
  const held = new Map<string, (Implausibility | undefined)[]>(NAMES.map((name) => [name, []]));
  for (let set = 0; set < 10 * seconds; set++) {
    const images = new Map<string, ModalityImage>();
    for (const name of NAMES) {
      const shown = image === undefined ? street.image(name, place(set)) : image(name, set, street, place);
      if (shown !== undefined) images.set(name, shown);
    }
    plausibility.see(images, BigInt(set) * 100_000_000n);
    for (const name of NAMES) held.get(name)!.push(plausibility.against(name));
  }
  return held;
}

function doubted(held: Map<string, (Implausibility | undefined)[]>): string[] {
  return [...held].flatMap(([name, all]) => (all.some((one) => one !== undefined) ? [name] : []));
}

describe('Plausibility', function () {
  this.timeout(120_000);

  it('doubts nobody while all see one scene, noisy or not, moving or at rest', () => {
    assert.deepEqual(doubted(drive({ seconds: 6 })), []);
    const noisy: Drive['image'] = (name, set, street, place) => street.image(name, place(set) + 0, { noise: 6 });
    assert.deepEqual(doubted(drive({ seconds: 5, image: noisy })), []);
    assert.deepEqual(doubted(drive({ seconds: 5, place: () => 700 })), []);
    assert.deepEqual(doubted(drive({ seconds: 5, place: () => 700, image: noisy })), []);
  });

  it('doubts nobody where there is nothing to see', () => {
    const flat: Drive['image'] = (name, _set, street) => {
      const image = street.image(name, 0);
      return { ...image, data: image.data.fill(100) };
    };
    assert.deepEqual(doubted(drive({ seconds: 4, image: flat })), []);
  });

  for (const [what, shift, expected] of [
    ['right', { right: 24 }, { right: 24 / 320, down: 0 }],
    ['left', { right: -32 }, { right: -32 / 320, down: 0 }],
  ] as const) {
    it(`says that a sensor has been turned, so that all it shows lies further ${what}`, () => {
      for (const turned of ['lidar', 'camera']) {
        const held = drive({
          seconds: 5,
          // To and fro: at an even pace in front of houses, beside is the same as before.
          place: (set) => 400 + Math.round(150 * Math.sin(set / 6)),
          image: (name, set, street, place) => street.image(name, place(set), name === turned ? shift : {}),
        });
        assert.deepEqual(doubted(held), [turned]);
        const first = held.get(turned)!.findIndex((one) => one !== undefined);
        assert.ok(first <= 40, `after ${first / 10} s`);
        assert.deepEqual(held.get(turned)!.at(-1), {
          code: 'misplaced',
          ...expected,
          against: NAMES.filter((name) => name !== turned),
        });
      }
    });
  }

  it('says of one that shows the past how old it is, and takes it back', () => {
    for (const [stale, age] of [
      ['depth', 10],
      ['camera', 6],
    ] as const) {
      const held = drive({
        seconds: 14,
        image: (name, set, street, place) =>
          street.image(name, place(name === stale && set >= 20 && set < 70 ? set - age : set)),
      });
      assert.deepEqual(doubted(held), [stale]);
      const all = held.get(stale)!;
      const told = all.findIndex((one) => one !== undefined);
      assert.ok(told > 20 && told <= 60, `told at ${told}`);
      const { code, seconds } = all[told] as Extract<Implausibility, { code: 'content-old' }>;
      assert.deepEqual([code, seconds], ['content-old', age / 10]);
      assert.ok(
        all.slice(130).every((one) => one === undefined),
        'it is taken back',
      );
    }
  });

  it('does not call content old that stands still', () => {
    const held = drive({
      seconds: 6,
      place: () => 300,
      image: (name, _set, street) => street.image(name, 300),
    });
    assert.deepEqual(doubted(held), []);
  });

  it('finds a part of a picture that stands still while the rest moves, and only while it does', () => {
    let kept: ModalityImage | undefined;
    const held = drive({
      seconds: 8,
      image: (name, set, street, place) => {
        const image = street.image(name, place(set));
        if (name !== 'camera' || set < 20 || set >= 50) return image;
        kept ??= image;
        return patched(image, kept, 0.7);
      },
    });
    assert.deepEqual(doubted(held), ['camera']);
    const all = held.get('camera')!;
    const told = all.findIndex((one) => one?.code === 'part-stuck');
    assert.ok(told >= 27 && told <= 32, `told at ${told}`);
    assert.ok(all.slice(told, 50).every((one) => one?.code === 'part-stuck'));
    assert.ok(all.slice(52).every((one) => one?.code !== 'part-stuck'));
  });

  it('does not take the bonnet for a stuck part', () => {
    const street = new Street(NAMES);
    const bonnet = street.image('camera', 1234);
    const held = drive({
      seconds: 5,
      // The lower quarter is the vehicle itself, from the beginning.
      image: (name, set, _street, place) => {
        const image = street.image(name, place(set));
        if (name !== 'camera') return image;
        const data = image.data.slice();
        const from = 3 * 320 * 144;
        data.set(bonnet.data.subarray(from), from);
        return { ...image, data };
      },
    });
    assert.ok(!held.get('camera')!.some((one) => one?.code === 'part-stuck'));
  });

  it('goes on where a sensor is missing for a while, and where stamps go back', () => {
    const street = new Street(NAMES);
    const plausibility = new Plausibility(MODALITIES);
    for (let set = 0; set < 60; set++) {
      const images = new Map<string, ModalityImage>();
      for (const name of NAMES) {
        if (name === 'depth' && set % 20 > 10) continue;
        images.set(name, street.image(name, PACE * set));
      }
      const stamp = set < 30 ? set : set - 30;
      plausibility.see(images, BigInt(stamp) * 100_000_000n);
      for (const name of NAMES) assert.equal(plausibility.against(name), undefined, `${name} ${set}`);
    }
    plausibility.reset();
    assert.equal(plausibility.against('camera'), undefined);
  });
});
