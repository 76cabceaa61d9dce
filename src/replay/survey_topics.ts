import type { BagReader, TopicInfo } from '../bags/index.js';
import { describeContent, isDescribable, type TopicCandidate, type TopicContent } from '../pipeline/index.js';

/** So many messages of a topic are looked at, at most, until two in a row say the same. */
const MOST_MESSAGES = 10;

/**
 * The topics of a bag that topics can be chosen from, each with what its first messages say: a single one may be
 * damaged. Reading ends as soon as every topic the core could use has spoken; a bag that never says how many messages
 * it has is read to its end for those that never do. Topics that are not serialised as CDR cannot be read and are no
 * candidates.
 */
export async function surveyTopics(bag: BagReader): Promise<TopicCandidate[]> {
  const readable = bag.info.topics.filter(({ serialization }) => serialization === 'cdr');
  const candidates = new Map<string, TopicCandidate>();
  const open = new Map<string, Descriptions>();
  for (const topic of readable) {
    const { name, type, count } = topic;
    candidates.set(name, { name, type, messageCount: count });
    if (isDescribable(type) && count !== 0) open.set(name, new Descriptions(topic));
  }
  if (open.size === 0) return [...candidates.values()];
  for await (const raw of bag.messages({ topics: [...open.keys()] })) {
    const descriptions = open.get(raw.topic);
    if (descriptions === undefined) continue;
    descriptions.add(await describeContent(raw));
    const candidate = candidates.get(raw.topic);
    if (candidate && descriptions.best) candidate.content = descriptions.best;
    if (descriptions.isSettled) open.delete(raw.topic);
    if (open.size === 0) break;
  }
  return [...candidates.values()];
}

/** What the messages of one topic say of it. */
class Descriptions {
  /** What two messages in a row said, else the first readable one, else why the first is not. */
  best: TopicContent | undefined;
  #last: TopicContent | undefined;
  #agreed = false;
  #seen = 0;
  readonly #most: number;

  constructor({ count }: TopicInfo) {
    // Where the bag does not say that more will come, one has to do.
    this.#most = count === undefined ? 1 : Math.min(count, MOST_MESSAGES);
  }

  get isSettled(): boolean {
    return (
      this.#agreed || (this.#seen >= this.#most && this.best?.kind !== 'unreadable') || this.#seen >= MOST_MESSAGES
    );
  }

  add(content: TopicContent | undefined): void {
    this.#seen++;
    if (content === undefined) return;
    if (this.#last !== undefined && content.kind !== 'unreadable' && isAlike(content, this.#last)) {
      this.#agreed = true;
      this.best = this.#last;
    } else if (this.best === undefined || this.best.kind === 'unreadable') {
      this.best = content;
    }
    this.#last = content;
  }
}

/** Whether two messages describe their topic alike; how many points a cloud has changes with every one. */
function isAlike(a: TopicContent, b: TopicContent): boolean {
  const key = (content: TopicContent) => JSON.stringify({ ...content, points: undefined });
  return key(a) === key(b);
}
