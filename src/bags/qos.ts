import { parse, stringify } from 'yaml';
import type { QosProfile } from './bag.js';

/** Numbers of the `rmw` enumerations, as bags before metadata version 9 store them. */
const RELIABILITY = ['system_default', 'reliable', 'best_effort', 'unknown', 'best_available'] as const;
const DURABILITY = ['system_default', 'transient_local', 'volatile', 'unknown', 'best_available'] as const;
const HISTORY = ['system_default', 'keep_last', 'keep_all', 'unknown'] as const;

/** A profile has 300 characters, and a topic as many profiles as publishers. */
const MOST_CHARACTERS = 1 << 16;

/** Liveliness `automatic`, which nobody changes for recorded topics. */
const LIVELINESS_AUTOMATIC = 1;

/** What a node that asks for nothing in particular gets (`rmw_qos_profile_default`). */
export const defaultQos: QosProfile = {
  reliability: 'reliable',
  durability: 'volatile',
  history: 'keep_last',
  depth: 10,
};

/**
 * Reads `offered_qos_profiles` in each form bags have: absent, a YAML text with numbers (metadata up to version 8, and
 * MCAP channels), or a list with names (version 9). What cannot be read is left out: QoS never keeps a bag from opening.
 */
export function parseQos(value: unknown): QosProfile[] {
  let list = value;
  if (typeof value === 'string') {
    if (value.length > MOST_CHARACTERS) return [];
    list = parseText(value);
  }
  return Array.isArray(list) ? list.filter(isRecord).map(parseProfile) : [];
}

/** Most topics of a bag were offered with the same profiles, and YAML takes a millisecond. */
let latest: { text: string; list: unknown } | undefined;

function parseText(text: string): unknown {
  if (latest?.text === text) return latest.list;
  let list: unknown;
  try {
    list = parse(text, { logLevel: 'error' });
  } catch {
    list = undefined;
  }
  latest = { text, list };
  return list;
}

/** The YAML text of profiles, with numbers, as every version of `ros2 bag` understands it. */
export function formatQos(profiles: readonly QosProfile[]): string {
  const forever = { sec: 9223372036, nsec: 854775807 };
  const entries = profiles.map((profile) => ({
    history: HISTORY.indexOf(profile.history),
    depth: profile.depth,
    reliability: RELIABILITY.indexOf(profile.reliability),
    durability: DURABILITY.indexOf(profile.durability),
    deadline: forever,
    lifespan: forever,
    liveliness: LIVELINESS_AUTOMATIC,
    liveliness_lease_duration: forever,
    avoid_ros_namespace_conventions: false,
  }));
  return stringify(entries, { aliasDuplicateObjects: false }).trimEnd();
}

function parseProfile(entry: Record<string, unknown>): QosProfile {
  return {
    reliability: enumeration(RELIABILITY, entry.reliability),
    durability: enumeration(DURABILITY, entry.durability),
    history: enumeration(HISTORY, entry.history),
    depth: typeof entry.depth === 'number' ? entry.depth : 0,
  };
}

function enumeration<T extends string>(names: readonly T[], value: unknown): T | 'unknown' {
  const name = typeof value === 'number' ? names[value] : names.find((candidate) => candidate === value);
  return name ?? 'unknown';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
