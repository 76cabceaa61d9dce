import { cpus } from 'node:os';
import type { ReplaySummary } from './summary.js';

/** What this process runs on, for the figures that depend on it. */
export function describeMachine(): ReplaySummary['machine'] {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() || 'unknown processor',
    cores: processors.length,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}
