import assert from 'node:assert/strict';
import { SegmenterError, type SegmenterEvent } from '../../../src/model/index.js';

/** The kinds of events, in order. */
export function kinds(events: readonly SegmenterEvent[]): string[] {
  return events.map(({ kind }) => kind);
}

/** Holds a rejection against the kind of error a caller tells it by, and its sentence. */
export async function assertFails(
  promise: Promise<unknown>,
  kind: SegmenterError['kind'],
  message: RegExp,
): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof SegmenterError, String(error));
    assert.equal(error.kind, kind);
    assert.match(error.message, message);
    return true;
  });
}
