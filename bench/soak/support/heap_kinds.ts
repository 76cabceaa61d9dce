import { getHeapSnapshot } from 'node:v8';

/** How many of a kind there are, and what they take themselves. */
export interface KindOnHeap {
  count: number;
  bytes: number;
}

interface Snapshot {
  snapshot: { meta: { node_fields: string[]; node_types: [string[], ...unknown[]] } };
  nodes: number[];
  strings: string[];
}

/** Of texts and numbers what they say is no kind. */
const NAMELESS = ['string', 'concatenated string', 'sliced string', 'number', 'bigint'];

/** What lives on the heap of this thread, by type and class as a heap snapshot names them; collects the garbage before. */
export async function kindsOnHeap(): Promise<Map<string, KindOnHeap>> {
  const chunks: Buffer[] = [];
  for await (const chunk of getHeapSnapshot()) chunks.push(chunk as Buffer);
  const { snapshot, nodes, strings } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Snapshot;
  const fields = snapshot.meta.node_fields;
  const [type, name, size] = ['type', 'name', 'self_size'].map((field) => fields.indexOf(field)) as [
    number,
    number,
    number,
  ];
  const kinds = new Map<string, KindOnHeap>();
  for (let at = 0; at < nodes.length; at += fields.length) {
    const typeName = snapshot.meta.node_types[0][nodes[at + type]!]!;
    const kind = NAMELESS.includes(typeName) ? typeName : `${typeName} ${strings[nodes[at + name]!]}`;
    const known = kinds.get(kind) ?? { count: 0, bytes: 0 };
    known.count++;
    known.bytes += nodes[at + size]!;
    kinds.set(kind, known);
  }
  return kinds;
}

/** What V8 compiles, and what it keeps account with. */
const OF_V8 = /^(code|hidden|object shape|synthetic|native) /;

/** Kinds that have grown, those that grew most first. */
export function grownKinds(
  before: ReadonlyMap<string, KindOnHeap>,
  after: ReadonlyMap<string, KindOnHeap>,
): (KindOnHeap & { kind: string; of: 'v8' | 'program' })[] {
  return [...after]
    .map(([kind, { count, bytes }]) => {
      const { count: countBefore, bytes: bytesBefore } = before.get(kind) ?? { count: 0, bytes: 0 };
      const of = OF_V8.test(kind) ? ('v8' as const) : ('program' as const);
      return { kind, of, count: count - countBefore, bytes: bytes - bytesBefore };
    })
    .filter(({ bytes }) => bytes > 0)
    .sort((one, other) => other.bytes - one.bytes);
}
