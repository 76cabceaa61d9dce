import type { PointCloud2 } from '../../messages/types.js';
import { BOUNDS } from '../bounds.js';

/** Bytes of a PointField's datatype 1..8; undefined for a datatype that is none. */
function datatypeBytes(datatype: number): number | undefined {
  return [undefined, 1, 1, 2, 2, 4, 4, 4, 8][datatype];
}

/** Where the rows of a cloud lie, or why its claims do not fit its bytes. */
export type CloudLayout = { kind: 'layout'; rowStep: number } | { kind: 'invalid'; reason: string };

/**
 * Checks the claims of a cloud's header against its bytes, before anything is allocated for it. A row_step that cannot
 * be is put right where the bytes are exactly those of unpadded rows: drivers leave it 0, count it in points, or write
 * the size of the whole cloud into it.
 */
export function cloudLayout(message: PointCloud2): CloudLayout {
  const reason = fieldsProblem(message);
  if (reason !== undefined) return { kind: 'invalid', reason };
  const { width, height, point_step: pointStep, row_step: rowStep, data } = message;
  if (width * height === 0) return { kind: 'layout', rowStep: 0 };
  const packedRow = pointStep * width;
  // The last row need not be padded, and a single row's row_step is never used.
  const needed = (height - 1) * rowStep + packedRow;
  const isPossible = (height === 1 || rowStep >= packedRow) && data.length >= needed;
  if (isPossible) return { kind: 'layout', rowStep };
  if (data.length === packedRow * height) return { kind: 'layout', rowStep: packedRow };
  if (height > 1 && rowStep < packedRow) {
    return expected('row_step', `of at least point_step * width = ${packedRow}`, `${rowStep}`);
  }
  return expected('data', `of at least ${needed} bytes`, `${data.length}`);
}

function fieldsProblem({ width, height, fields, point_step: pointStep }: PointCloud2): string | undefined {
  const problem = (what: string, value: string, received: string) => expected(what, value, received).reason;
  if (width * height > BOUNDS.cloudPoints) {
    return problem('width * height', `of at most ${BOUNDS.cloudPoints}`, `${width} x ${height}`);
  }
  if (fields.length > BOUNDS.cloudFields) {
    return problem('fields', `of at most ${BOUNDS.cloudFields}`, `${fields.length}`);
  }
  for (const name of ['x', 'y', 'z']) {
    if (fields.some((field) => field.name === name)) continue;
    return problem('a field', `'${name}'`, `fields ${fields.map((field) => field.name).join(', ') || '(none)'}`);
  }
  for (const { name, datatype, offset, count } of fields) {
    const bytes = datatypeBytes(datatype);
    if (bytes === undefined) return problem(`field '${name}'`, 'with datatype 1..8', `${datatype}`);
    // A count of 0 is written by some drivers for 1.
    const end = offset + bytes * Math.max(1, count);
    if (end > pointStep) {
      return problem(`field '${name}'`, `within point_step ${pointStep}`, `bytes ${offset} to ${end}`);
    }
  }
  return undefined;
}

function expected(what: string, value: string, received: string): { kind: 'invalid'; reason: string } {
  return { kind: 'invalid', reason: `Expected ${what} ${value} for the point cloud but received ${received}` };
}
