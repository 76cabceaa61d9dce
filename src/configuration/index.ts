export { loadCameraInfo } from './camera_info_file.js';
export type { Applies, ParameterDefinition, ParameterValue, Range, Scope } from './definition.js';
export { type ParameterDescriptor, parameterDescriptor } from './descriptor.js';
export { type ChangeOutcome, judgeChanges, type ParameterState } from './judge_changes.js';
export { listNames } from './list_names.js';
export { loadCalibration } from './load_calibration.js';
export {
  type DeskConfiguration,
  deskConfiguration,
  loadConfiguration,
  loadPipelineConfig,
} from './load_configuration.js';
export { modalityParameters } from './modality_parameters.js';
export { loadMounts, publisherArguments } from './mounts/index.js';
export { parseSettings, type SettingsOutcome } from './parse_settings.js';
export { type FileValues, readValues } from './read_values.js';
export { renderParameterTable, type TableForm } from './render_table.js';
export { renderParameterYaml } from './render_yaml.js';
export type { InputSettings, NodeSettings, OutputSettings } from './settings.js';
export { parameterTable } from './table.js';
export type { ModalityRole } from './topics.js';
export { unknownParameters } from './unknown_names.js';
