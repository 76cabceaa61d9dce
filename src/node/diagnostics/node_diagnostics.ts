import { type DiagnosticArray, diagnosticArray, modelDiagnostic } from '../../pipeline/index.js';
import { fallbackDiagnostics, inferenceDiagnostics } from './inference_diagnostics.js';
import { modalityDiagnostics } from './modality_diagnostics.js';
import type { NodeReport } from './report.js';
import { syncDiagnostics } from './sync_diagnostics.js';

/** The node's message on `/diagnostics`: a status for sync, one for inference, one for every fallback and modality. */
export function nodeDiagnostics(report: NodeReport): DiagnosticArray {
  const inUse = report.masks.model;
  const status = [
    syncDiagnostics(report),
    inferenceDiagnostics(report),
    // Where there is one model, nothing is to be said of which it is.
    ...(report.fallbacks.length > 0 && inUse !== undefined ? [modelDiagnostic(report.nodeName, inUse)] : []),
    ...report.fallbacks.map((fallback) => fallbackDiagnostics(report.nodeName, fallback)),
    ...modalityDiagnostics(report),
  ];
  return diagnosticArray(report.stamp, status);
}
