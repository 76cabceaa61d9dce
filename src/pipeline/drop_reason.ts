import type { AbsentReason } from '../sync/index.js';

/** Why no mask came of a set, in words. */
export function describeDrop(
  reason: string,
  absent: ReadonlyMap<string, AbsentReason>,
  present: readonly string[] = [],
): string {
  const which = [...absent].map(([modality, why]) => `${modality} ${why}`).join(', ');
  switch (reason) {
    case 'essential-missing':
      return `an essential modality is missing (${which})`;
    case 'nothing-usable':
      return `no modality is usable (${which})`;
    case 'below-minimum':
      return `${present.join(', ')} alone is less than the minimum for a mask (${which})`;
    case 'reset':
      return 'the time line started anew';
    default:
      return reason;
  }
}
