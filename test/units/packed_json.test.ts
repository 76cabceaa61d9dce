import assert from 'node:assert/strict';
import fc from 'fast-check';
import { packJson, unpackJson } from '../../src/units/index.js';

describe('packJson', () => {
  it('gives back what it was given, through JSON', () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.bigInt(),
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 3 }).map((pairs) => new Map(pairs)),
        fc.dictionary(fc.string({ minLength: 1 }), tie('value'), { maxKeys: 3, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(value, (given) => {
        assert.deepEqual(unpackJson(JSON.parse(JSON.stringify(packJson(given)))), given);
      }),
    );
  });
});
