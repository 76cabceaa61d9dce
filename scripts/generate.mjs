// `npm run generate`: writes what follows from the tables of parameters, topics and faults, such as config/mle_sam.yaml.
import { join } from 'node:path';
import { root, runOrExit, setUp } from './setup.mjs';

setUp();
runOrExit(process.execPath, [join(root, 'dist', 'src', 'documentation', 'generate.js')]);
