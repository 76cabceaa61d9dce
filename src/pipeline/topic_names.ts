import { hasTypeFor, type TopicCandidate, type TopicRole } from './topic_roles.js';

/** What image_transport puts behind an image's name for the copy it compresses. */
export const COMPRESSED_SUFFIX: Partial<Record<TopicRole, string>> = {
  camera: '/compressed',
  depth: '/compressedDepth',
};

/**
 * The topic a person or a parameter file names, as a node would find it: by its full name; a relative name also below
 * any namespace where only one topic has it; else the compressed copy of that image.
 * @returns undefined where there is none, or several in different namespaces
 */
export function findNamed(
  topics: readonly TopicCandidate[],
  wanted: string,
  role?: TopicRole,
): TopicCandidate | undefined {
  const names = role === undefined ? [wanted] : [wanted, ...suffixes(role).map((suffix) => wanted + suffix)];
  let unsuitable: TopicCandidate | undefined;
  for (const name of names) {
    const found = findExactly(topics, name);
    if (found === undefined) continue;
    if (role === undefined || hasTypeFor(found, role)) return found;
    unsuitable ??= found;
  }
  return unsuitable;
}

function suffixes(role: TopicRole): string[] {
  const suffix = COMPRESSED_SUFFIX[role];
  return suffix === undefined ? [] : [suffix];
}

function findExactly(topics: readonly TopicCandidate[], name: string): TopicCandidate | undefined {
  const absolute = name.startsWith('/') ? name : `/${name}`;
  const exact = topics.find((topic) => topic.name === absolute);
  if (exact !== undefined || name.startsWith('/')) return exact;
  const below = topics.filter((topic) => topic.name.endsWith(`/${name}`));
  return below.length === 1 ? below[0] : undefined;
}
