import type { BagReader } from '../bags/index.js';
import { describeContent, isDescribable, type TopicCandidate } from '../pipeline/index.js';

/**
 * The topics of a bag that topics can be chosen from, each with what its first message says. Reading ends as soon as
 * every topic the core could use has spoken; a bag that never says how many messages it has is read to its end for those
 * that never do. Topics that are not serialised as CDR cannot be read and are no candidates.
 */
export async function surveyTopics(bag: BagReader): Promise<TopicCandidate[]> {
  const readable = bag.info.topics.filter(({ serialization }) => serialization === 'cdr');
  const candidates = new Map<string, TopicCandidate>();
  const silent = new Set<string>();
  for (const { name, type, count } of readable) {
    candidates.set(name, { name, type, messageCount: count });
    if (isDescribable(type) && count !== 0) silent.add(name);
  }
  if (silent.size === 0) return [...candidates.values()];
  for await (const raw of bag.messages({ topics: [...silent] })) {
    if (!silent.delete(raw.topic)) continue;
    const content = await describeContent(raw);
    const candidate = candidates.get(raw.topic);
    if (candidate && content) candidate.content = content;
    if (silent.size === 0) break;
  }
  return [...candidates.values()];
}
