import { type DiagnosticArray, diagnosticArray } from '../../pipeline/index.js';
import { inferenceDiagnostics } from './inference_diagnostics.js';
import { modalityDiagnostics } from './modality_diagnostics.js';
import type { NodeReport } from './report.js';
import { syncDiagnostics } from './sync_diagnostics.js';

/** The node's message on `/diagnostics`: a status for sync, one for inference, one for every modality. */
export function nodeDiagnostics(report: NodeReport): DiagnosticArray {
  const status = [syncDiagnostics(report), inferenceDiagnostics(report), ...modalityDiagnostics(report)];
  return diagnosticArray(report.stamp, status);
}
