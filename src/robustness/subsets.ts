/** A non-empty set of modalities and its score. */
export interface SubsetScore {
  present: readonly string[];
  /** 0..1 or percent; only means are taken of it. */
  miou: number;
}

/** All non-empty subsets of the modalities, the whole set first, then by falling size, each in the given order. */
export function nonEmptySubsets(modalities: readonly string[]): string[][] {
  const subsets: string[][] = [];
  for (let bits = 1; bits < 2 ** modalities.length; bits++) {
    subsets.push(modalities.filter((_, i) => (bits >> i) & 1));
  }
  return subsets.sort((a, b) => b.length - a.length);
}

/** `Avg` of the protocol: the plain mean over all subsets (arXiv 2503.18445). */
export function averageScore(scores: readonly SubsetScore[]): number {
  return scores.reduce((sum, { miou }) => sum + miou, 0) / scores.length;
}

/**
 * `E_p` of the protocol: the mean weighted by how likely each subset is if every modality is missing with probability p
 * on its own, P(S) = p^k (1 - p)^(n - k) with k of n missing, over the sum of these weights, as "nothing at all" has no
 * score (arXiv 2503.18445).
 */
export function expectedScore(scores: readonly SubsetScore[], modalityCount: number, p: number): number {
  let sum = 0;
  let total = 0;
  for (const { present, miou } of scores) {
    const missing = modalityCount - present.length;
    const weight = p ** missing * (1 - p) ** present.length;
    sum += weight * miou;
    total += weight;
  }
  return sum / total;
}
