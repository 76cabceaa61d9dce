export { type CollectedUnit, type CollectedUnits, collectUnits } from './collect_units.js';
export { packJson, unpackJson } from './packed_json.js';
export { hashOf, RUN_KINDS, type RunDescription } from './run_description.js';
export {
  type RunUnitsOptions,
  runUnits,
  runUnitsOfParent,
  type UnitCount,
  type UnitOutcome,
  type UnitWork,
} from './run_units.js';
export { findShard, type Shard, unitsOfShard } from './shard.js';
export { readUnitFile, type UnitFile, unitFileName } from './unit_file.js';
export { type OtherRuns, UNITS_FOLDER, UnitStore } from './unit_store.js';
export { isUnitWorker, type WorkerCommand } from './worker_processes.js';
