import type { BagReader } from '../bags/index.js';
import { describeContent, isDescribable, type TopicCandidate } from '../pipeline/index.js';

/**
 * Reads the first message of each topic the core could use, as far as choosing topics needs it. Ends as soon as every
 * such topic has spoken; a bag that never says how many messages it has is read to its end for those that never do.
 */
export async function surveyTopics(bag: BagReader): Promise<TopicCandidate[]> {
  const candidates = new Map<string, TopicCandidate>();
  for (const { name, type, count } of bag.info.topics) {
    candidates.set(name, { name, type, messageCount: count ?? 1 });
  }
  const readable = bag.info.topics.filter(
    ({ type, serialization, count }) => isDescribable(type) && serialization === 'cdr' && count !== 0,
  );
  const silent = new Set(readable.map(({ name }) => name));
  if (silent.size > 0) {
    for await (const raw of bag.messages({ topics: [...silent] })) {
      if (!silent.delete(raw.topic)) continue;
      const content = await describeContent(raw);
      const candidate = candidates.get(raw.topic);
      if (candidate && content) candidate.content = content;
      if (silent.size === 0) break;
    }
  }
  return [...candidates.values()];
}
