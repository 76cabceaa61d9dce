import assert from 'node:assert/strict';
import { join } from 'node:path';
import {
  differenceCiede2000,
  filterDeficiencyDeuter,
  filterDeficiencyProt,
  filterDeficiencyTrit,
  type Rgb,
} from 'culori';
import { type Bundle, loadBundle } from '../../src/model/index.js';
import { SIMULATED_CLASSES } from '../../src/simulation/classes.js';
import { projectRoot } from '../support/shared_data.js';

/** Colours farther apart than this are told apart at a glance, side by side. */
const LEAST_DIFFERENCE = 10;

const SIGHTS: readonly { name: string; seen: (colour: Rgb) => Rgb }[] = [
  { name: 'all cones', seen: (colour) => colour },
  { name: 'protanopia', seen: filterDeficiencyProt(1) as (colour: Rgb) => Rgb },
  { name: 'deuteranopia', seen: filterDeficiencyDeuter(1) as (colour: Rgb) => Rgb },
  { name: 'tritanopia', seen: filterDeficiencyTrit(1) as (colour: Rgb) => Rgb },
];

describe('the colours of the classes', () => {
  let bundle: Bundle;
  const difference = differenceCiede2000();

  before(async () => {
    bundle = await loadBundle(join(projectRoot, 'models', 'reference'));
  });

  it('are those of the simulator', () => {
    const { classes } = bundle;
    assert.deepEqual(classes, SIMULATED_CLASSES);
  });

  for (const { name, seen } of SIGHTS) {
    it(`are told apart with ${name}, any two of them`, () => {
      const colours = bundle.classes.map(({ name: of, color: [r, g, b] }) => {
        return { of, colour: seen({ mode: 'rgb', r: r / 255, g: g / 255, b: b / 255 }) };
      });
      for (const [i, one] of colours.entries()) {
        for (const other of colours.slice(i + 1)) {
          const distance = difference(one.colour, other.colour);
          assert.ok(distance >= LEAST_DIFFERENCE, `${one.of} and ${other.of}: ${distance.toFixed(1)}`);
        }
      }
    });
  }
});
