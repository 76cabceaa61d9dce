import { z } from 'zod';
import type { Stamp } from '../messages/index.js';
import { parseJson, renderJson, stampSchema } from './json.js';

/** A message with a header that came to the injector or left it. */
export interface JournalEntry {
  modality: string;
  /** Its `header.stamp`. */
  stamp: Stamp;
  /** When it passed, system clock. */
  at: Stamp;
}

/** What came and what left since the last batch, each in order. */
export interface JournalBatch {
  received: JournalEntry[];
  sent: JournalEntry[];
}

/** A row an entry: modality, stamp, time. */
const rows = z
  .array(z.tuple([z.string(), stampSchema, stampSchema]))
  .transform((entries) => entries.map(([modality, stamp, at]): JournalEntry => ({ modality, stamp, at })));

const batchSchema = z
  .object({ formatVersion: z.literal(1), received: rows, sent: rows })
  .transform(({ received, sent }): JournalBatch => ({ received, sent }));

/**
 * Collects the stamps of what is relayed, so that a monitor learns what the node was given without a second
 * subscription to every image.
 */
export class RelayJournal {
  #batch: JournalBatch = { received: [], sent: [] };

  received(entry: JournalEntry): void {
    this.#batch.received.push(entry);
  }

  sent(entry: JournalEntry): void {
    this.#batch.sent.push(entry);
  }

  /** The batch so far as JSON, and begins a new one; undefined where nothing has passed. */
  take(): string | undefined {
    const { received, sent } = this.#batch;
    if (received.length + sent.length === 0) return undefined;
    this.#batch = { received: [], sent: [] };
    return renderJson({ formatVersion: 1, received: received.map(row), sent: sent.map(row) });
  }
}

/** Undefined for a text that is no batch of a journal. */
export function parseJournal(text: string): JournalBatch | undefined {
  return parseJson(batchSchema, text);
}

function row({ modality, stamp, at }: JournalEntry): [string, Stamp, Stamp] {
  return [modality, stamp, at];
}
