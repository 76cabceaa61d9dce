import assert from 'node:assert/strict';
import { SentenceFolder } from '../../src/report/sentence_folder.js';

describe('SentenceFolder', () => {
  it('tells a few sentences that differ in numbers, then one for all of them', () => {
    const folder = new SentenceFolder();
    const told = Array.from({ length: 5 }, (_, k) =>
      folder.fold(`lidar: Expected ${k * 16} bytes but received 1.${k}`),
    );
    assert.deepEqual(told, [
      'lidar: Expected 0 bytes but received 1.0',
      'lidar: Expected 16 bytes but received 1.1',
      'lidar: Expected 32 bytes but received 1.2',
      'lidar: Expected … bytes but received …',
      'lidar: Expected … bytes but received …',
    ]);
    assert.equal(folder.fold('lidar: Expected 16 bytes but received 1.1'), told[1], 'what was told keeps its sentence');
    assert.equal(folder.fold('depth: Expected 1 byte'), 'depth: Expected 1 byte');
  });

  it('knows some two hundred sentences at most', () => {
    const folder = new SentenceFolder();
    const letters = (k: number): string => [...String(k)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
    const told = new Set(Array.from({ length: 5000 }, (_, k) => folder.fold(`frame ${letters(k)} is not known`)));
    assert.equal(told.size, 201);
    assert.ok(told.has('Further problems of other kinds, too many to tell apart.'));
  });
});
