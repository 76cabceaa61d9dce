export { type GeneratedFile, generatedFiles, replaceBetweenMarkers } from './generated_files.js';
export { renderInputTable, renderOutputTable } from './topic_tables.js';
