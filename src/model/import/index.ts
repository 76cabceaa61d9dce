export { CLASS_LIST_NAMES, type ListedClass, loadClassList, publishedClasses } from './class_list.js';
export { ImportError } from './import_error.js';
export { type Imported, importNetwork } from './import_network.js';
export { GRAPH_FORMS, type ImportOptions, type InputOptions } from './options.js';
export { PRESET_NAMES, PRESETS } from './presets.js';
export { parseRepresentation } from './representations.js';
export { renderClassTable, renderPresetTable } from './tables.js';
