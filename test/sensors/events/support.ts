import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { timeFromStamp } from '../../../src/messages/index.js';
import type { EventPacket } from '../../../src/messages/types.js';
import {
  createEventDecoder,
  EventBuffer,
  type EventDecoder,
  type PacketReport,
} from '../../../src/sensors/events/index.js';
import { projectRoot } from '../../support/shared_data.js';

export interface Golden {
  width: number;
  height: number;
  triggers: number;
  events: number;
  sumT: number;
  sha256: { x: string; y: string; polarity: string; t: string };
}

export function fixture(name: string): Buffer {
  return readFileSync(join(projectRoot, 'test/sensors/events/fixtures', name));
}

export const golden = JSON.parse(fixture('golden.json').toString()) as {
  evt3: Golden;
  evt2: Golden;
  eventArray: {
    width: number;
    height: number;
    origin: string;
    x: number[];
    y: number[];
    polarity: number[];
    nanoseconds: number[];
  };
};

/** A packet of a 64 x 48 sensor with the given fields changed. */
export function packet(fields: Partial<EventPacket> & { stamp?: bigint }): EventPacket {
  const { stamp = 0n, ...rest } = fields;
  return {
    header: { stamp: timeFromStamp(stamp), frame_id: 'events' },
    height: 48,
    width: 64,
    seq: 0n,
    time_base: 0n,
    encoding: 'evt3',
    is_bigendian: false,
    events: new Uint8Array(0),
    ...rest,
  };
}

export function words16(...words: number[]): Uint8Array {
  return new Uint8Array(Uint16Array.from(words).buffer);
}

export function words32(...words: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(words).buffer);
}

export function decoderFor(encoding: string): EventDecoder {
  const created = createEventDecoder(encoding);
  if (created.kind !== 'decoder') throw new Error(created.reason);
  return created.decoder;
}

/** Decoded events as readable rows: x, y, polarity, nanoseconds. */
export type Row = [x: number, y: number, polarity: number, nanoseconds: number];

export function decode(decoder: EventDecoder, message: EventPacket): { rows: Row[]; report: PacketReport } {
  const buffer = new EventBuffer(1);
  const report = decoder.decode(message, buffer);
  return { rows: rowsOf(buffer), report };
}

export function rowsOf(buffer: EventBuffer): Row[] {
  const rows: Row[] = [];
  for (let i = 0; i < buffer.length; i++) {
    rows.push([buffer.x[i]!, buffer.y[i]!, buffer.polarity[i]!, buffer.t[i]!]);
  }
  return rows;
}

/** Events in the form of the golden file: times in microseconds, each column hashed in order. */
export function summary(buffer: EventBuffer): Pick<Golden, 'events' | 'sumT' | 'sha256'> {
  const t = buffer.t.slice(0, buffer.length).map((nanoseconds) => nanoseconds / 1000);
  return {
    events: buffer.length,
    sumT: t.reduce((sum, value) => sum + value, 0),
    sha256: {
      x: sha256(buffer.x.slice(0, buffer.length)),
      y: sha256(buffer.y.slice(0, buffer.length)),
      polarity: sha256(buffer.polarity.slice(0, buffer.length)),
      t: sha256(t),
    },
  };
}

function sha256(column: Uint8Array | Uint16Array | Float64Array): string {
  return createHash('sha256').update(new Uint8Array(column.buffer)).digest('hex');
}
