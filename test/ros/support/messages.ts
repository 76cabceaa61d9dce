/** What peers/rig.py tells of the messages it receives. */

export interface ImageFields {
  frame: string;
  encoding: string;
  width: number;
  height: number;
  step: number;
  digest: string;
}

export interface SemanticMaskFields {
  mask: ImageFields & { stamp: string };
  confidence: ImageFields;
  classes: Record<string, [string, number, number, number]>;
  unlabeled: number;
  present: string[];
  presentStamps: string[];
  absent: Record<string, string>;
  routingLevels: number;
  routing: number[];
}

export interface StatusFields {
  reference: string;
  modalities: { name: string; topic: string; type: string; state: number; reason: string; received: number }[];
}

export interface DiagnosticsFields {
  statuses: { name: string; level: number; message: string; values: Record<string, string> }[];
}

/** mle_sam_ros/msg/ModalityStatus */
export const STATE = { active: 1, dropped: 3, disabled: 6 } as const;
/** diagnostic_msgs/msg/DiagnosticStatus */
export const LEVEL = { ok: 0, warn: 1, error: 2 } as const;
