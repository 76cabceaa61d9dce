import assert from 'node:assert/strict';
import fs from 'node:fs';
import fc from 'fast-check';
import sqlite from 'node-sqlite3-wasm';
import { openBag } from '../../src/bags/index.js';
import { ReadAhead } from '../../src/bags/read_ahead.js';
import { series, temporaryFolder, writeSqlite } from './fixtures.js';

const CONTENT = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 2654435761) >>> 24);

/** A file in memory that counts what is read. */
function countedFile() {
  const file = { calls: 0, bytes: 0 };
  const ahead = new ReadAhead((buffer, offset, length, position) => {
    const part = CONTENT.subarray(position, position + length);
    buffer.set(part, offset);
    file.calls++;
    file.bytes += part.length;
    return part.length;
  });
  return { file, ahead };
}

describe('bags: reading ahead', () => {
  const folder = temporaryFolder();

  it('gives the bytes of the file wherever they are asked for', () => {
    const run = fc.record({
      start: fc.integer({ min: 0, max: CONTENT.length + 5000 }),
      lengths: fc.array(fc.oneof(fc.constant(4096), fc.integer({ min: 1, max: 40_000 })), {
        minLength: 1,
        maxLength: 40,
      }),
    });
    fc.assert(
      fc.property(fc.array(run, { maxLength: 12 }), (runs) => {
        const { ahead } = countedFile();
        for (const { start, lengths } of runs) {
          let position = start;
          for (const length of lengths) {
            const buffer = new Uint8Array(length + 3);
            const expected = CONTENT.subarray(position, position + length);
            assert.equal(ahead.read(buffer, 2, length, position), expected.length);
            assert.deepEqual(Buffer.from(buffer.subarray(2, 2 + expected.length)), Buffer.from(expected));
            assert.equal(buffer[0]! + buffer[1]! + buffer[length + 2]!, 0);
            position += length;
          }
        }
      }),
    );
  });

  it('takes few calls for pages that follow each other, and reads little that is not asked for', () => {
    const { file, ahead } = countedFile();
    const page = new Uint8Array(4096);
    for (let at = 0; at < 60; at++) ahead.read(page, 0, page.length, at * page.length);
    assert.ok(file.calls < 12, `${file.calls} calls for 60 pages`);
    assert.ok(file.bytes <= 2 * 60 * page.length, `${file.bytes} bytes for 60 pages`);
    const before = file.bytes;
    for (let at = 70; at > 0; at -= 7) ahead.read(page, 0, page.length, at * page.length);
    assert.ok(file.bytes - before <= 10 * page.length, 'pages far apart are read alone');
  });

  it('opens a SQLite bag without reading its pictures', async () => {
    const path = folder.path('large.db3');
    writeSqlite(path, series(30), { version: 3 });
    const database = new sqlite.Database(path);
    for (let id = 1; id <= 30; id++) {
      database.run('UPDATE messages SET data = zeroblob(1000000) WHERE id = ?', id);
    }
    database.close();
    // The first one reads SQLite itself.
    await (await openBag(path)).close();
    const readSync = fs.readSync;
    let bytes = 0;
    fs.readSync = ((...place: Parameters<typeof readSync>) => {
      const count = readSync(...place);
      bytes += count;
      return count;
    }) as typeof readSync;
    try {
      const bag = await openBag(path);
      assert.equal(bag.info.messageCount, 30);
      assert.ok(bytes > 0 && bytes < 1_000_000, `${bytes} bytes read to open 30 messages of 1 MB each`);
      await bag.close();
    } finally {
      fs.readSync = readSync;
    }
  });
});
