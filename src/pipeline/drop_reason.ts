import type { AbsentReason } from '../sync/index.js';
import type { AssembledSet } from './assemble_set.js';
import type { Selection } from './frame_assembler.js';
import type { PipelineOptions } from './pipeline_options.js';

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

/** Why no mask is made of a set, for what it lacks; undefined where it has enough, or its sensors are well and no model takes them. */
export function lackOf(
  { synchronizer, minimum }: Pick<PipelineOptions, 'synchronizer' | 'minimum'>,
  selections: ReadonlyMap<string, Selection>,
  { link, images, absent, missing }: AssembledSet,
): string | undefined {
  const isThere = (modality: string) => selections.has(modality) && !missing.has(modality);
  const { streams } = synchronizer.options;
  if (streams.some(({ modality, necessity }) => necessity === 'essential' && !isThere(modality))) {
    return describeDrop('essential-missing', missing);
  }
  if (link === undefined) {
    return [...selections.keys()].some(isThere) ? undefined : describeDrop('nothing-usable', missing);
  }
  if (minimum !== undefined && !minimum.some((all) => all.every((modality) => images.has(modality)))) {
    return describeDrop('below-minimum', absent, [...images.keys()]);
  }
  return undefined;
}
