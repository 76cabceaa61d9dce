import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CLASS } from '../../src/simulation/classes.js';
import { plainStreet } from './support/scenes.js';

describe('street', () => {
  it('turns its own coordinates into the world and back', () => {
    const coordinate = fc.double({ min: -30, max: 120, noNaN: true });
    const lateral = fc.double({ min: -15, max: 15, noNaN: true });
    const curvature = fc.oneof(
      fc.constant(0),
      fc.constant(1e-7),
      fc.double({ min: -1 / 120, max: 1 / 120, noNaN: true }),
    );
    fc.assert(
      fc.property(coordinate, lateral, curvature, (s, d, k) => {
        const street = plainStreet({ curvature: k });
        const [x, y] = [street.worldX(s, d), street.worldY(s, d)];
        assert.ok(Math.abs(street.lateral(x, y) - d) < 1e-6);
        assert.ok(Math.abs(street.along(x, y) - s) < 1e-4);
      }),
      { seed: 3 },
    );
  });

  it('curves to the left for positive curvature', () => {
    const street = plainStreet({ curvature: 1 / 100 });
    // A quarter of a circle of radius 100 ends at (100, 100), heading along +y.
    const quarter = (Math.PI / 2) * 100;
    assert.ok(Math.abs(street.worldX(quarter, 0) - 100) < 1e-9);
    assert.ok(Math.abs(street.worldY(quarter, 0) - 100) < 1e-9);
    assert.ok(Math.abs(street.heading(quarter) - Math.PI / 2) < 1e-12);
  });

  const street = plainStreet({ crossings: [20] });
  const cases: [string, number, number, number][] = [
    ['the solid centre line', 3, 0.05, CLASS.laneMarking],
    ['the lane beside it', 3, 2, CLASS.road],
    ['a stripe of the crossing', 20, -0.3, CLASS.laneMarking],
    ['the gap beside the stripe', 20, 0.3, CLASS.road],
    ['the stop line of the right lane', 20 - 2 - 1.1, -1.5, CLASS.laneMarking],
    ['no stop line behind the crossing there', 20 + 2 + 1.1, -1.5, CLASS.road],
  ];
  for (const [name, s, d, expected] of cases) {
    it(`knows ${name}`, () => assert.equal(street.carriagewayClass(s, d), expected));
  }

  it('has sidewalk beyond the kerb, then terrain', () => {
    assert.equal(street.raisedClass(4.05), CLASS.sidewalk);
    assert.equal(street.raisedClass(-5.9), CLASS.sidewalk);
    assert.equal(street.raisedClass(6.1), CLASS.terrain);
  });
});
