export { type Fingerprint, fingerprintOf, isSame } from './fingerprint.js';
export { requireReplaceable, writeOutput } from './output_file.js';
export { OutputFolder, type Overwriting } from './output_folder.js';
export { writeWhole } from './write_whole.js';
