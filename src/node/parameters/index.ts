export { loadCameraInfo } from './camera_info_file.js';
export type { Applies, ParameterDefinition, ParameterValue, Range } from './definition.js';
export { type ParameterDescriptor, parameterDescriptor } from './descriptor.js';
export { type ChangeOutcome, judgeChanges, type ParameterState } from './judge_changes.js';
export { modalityParameters } from './modality_parameters.js';
export { parseSettings, type SettingsOutcome } from './parse_settings.js';
export type { InputSettings, NodeSettings, OutputSettings } from './settings.js';
export { parameterTable } from './table.js';
export { unknownParameters } from './unknown_names.js';
