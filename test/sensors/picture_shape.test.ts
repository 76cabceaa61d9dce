import assert from 'node:assert/strict';
import { PictureShape } from '../../src/sensors/picture_shape.js';

const INFO = { width: 640, height: 384 };
const SECOND = 1_000_000_000n;

/** A camera whose pictures come ten times a second: `f` fits its CameraInfo, `o` does not. */
function see(shape: PictureShape, pictures: string, from = 0n): string {
  return [...pictures]
    .map((kind, i) => {
      const at = from + (BigInt(i) * SECOND) / 10n;
      shape.advance(at);
      const size = kind === 'f' ? { width: 320, height: 192 } : { width: 200, height: 200 };
      return shape.note({ size, frameId: 'camera' }, INFO, at) === 'believed' ? '.' : 'x';
    })
    .join('');
}

describe('PictureShape', () => {
  it('does not believe one or two odd pictures, and the grid stays', () => {
    for (const [pictures, expected] of [
      ['ffoff', '..x..'],
      ['ffooff', '..xx..'],
      ['o', 'x'],
      ['ofofof', 'x.x.x.'],
    ] as const) {
      const shape = new PictureShape();
      assert.equal(see(shape, pictures), expected, pictures);
      assert.equal(shape.contradicting(INFO), undefined, pictures);
    }
  });

  it('believes three in a row, until one fits', () => {
    const shape = new PictureShape();
    assert.equal(see(shape, 'ffoooo'), '..xx..');
    assert.deepEqual(shape.contradicting(INFO), { width: 200, height: 200 });
    assert.equal(see(shape, 'f', SECOND), '.');
    assert.equal(shape.contradicting(INFO), undefined);
  });

  it('lets a camera that died say nothing about the grid', () => {
    const shape = new PictureShape();
    see(shape, 'ooooo');
    assert.notEqual(shape.contradicting(INFO), undefined);
    shape.advance(3n * SECOND);
    assert.equal(shape.contradicting(INFO), undefined);
  });

  it('forgets pictures of before when another CameraInfo comes', () => {
    const shape = new PictureShape();
    see(shape, 'fff');
    shape.describedAnew({ width: 400, height: 400 });
    assert.equal(shape.picture, undefined);
    assert.equal(shape.contradicting({ width: 400, height: 400 }), undefined);
  });

  it('believes everything while there is no CameraInfo', () => {
    const shape = new PictureShape();
    assert.equal(shape.note({ size: { width: 1, height: 9 }, frameId: 'c' }, undefined, 0n), 'believed');
  });
});
