import type { ContentQuality } from '../sensors/modality_image.js';
import type { SensorReason } from '../sensors/reason.js';
import type { Fault } from './evidence.js';
import type { Sign } from './signs.js';

/** What decoding and looking at a sample found. Without a cause the message itself could not be read. */
export type ContentVerdict = ContentQuality | { kind: 'invalid'; reason: string; cause?: SensorReason };

/** A verdict as evidence for or against its stream. */
export function contentSign(verdict: ContentVerdict): Sign<Fault> {
  switch (verdict.kind) {
    case 'good':
      return { kind: 'good' };
    case 'blind':
      return { kind: 'bad', fault: { absent: verdict.reason, cause: { code: verdict.reason } } };
    case 'invalid': {
      const { reason, cause = { code: 'undecodable', detail: reason } } = verdict;
      return { kind: 'bad', fault: { absent: 'invalid', cause } };
    }
  }
}
