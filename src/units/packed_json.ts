/** How values that JSON has no word for are written: an object with one key. */
const BYTES = '$bytes';
const INTEGER = '$integer';
const PAIRS = '$pairs';

/** Plain values, bytes, big integers and maps as JSON. */
export function packJson(value: unknown): unknown {
  if (typeof value === 'bigint') return { [INTEGER]: String(value) };
  if (value instanceof Uint8Array) return { [BYTES]: Buffer.from(value).toString('base64') };
  if (value instanceof Map) return { [PAIRS]: [...value].map(packJson) };
  if (Array.isArray(value)) return value.map(packJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, packJson(each)]));
}

/** What {@link packJson} was given; bytes are a `Buffer`. */
export function unpackJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpackJson);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value) as [string, unknown][];
  const [name, packed] = entries.length === 1 ? entries[0]! : ['', undefined];
  if (name === INTEGER) return BigInt(packed as string);
  if (name === BYTES) return Buffer.from(packed as string, 'base64');
  if (name === PAIRS) return new Map((packed as unknown[]).map((pair) => unpackJson(pair) as [unknown, unknown]));
  return Object.fromEntries(entries.map(([key, each]) => [key, unpackJson(each)]));
}
