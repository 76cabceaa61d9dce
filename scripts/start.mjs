// `npm start`: set-up, then the main job on what the repository brings along. Arguments after `--` go to `mle-sam`,
// e.g. `npm start -- inspect samples/town`.
import { join } from 'node:path';
import { root, runOrExit, setUp } from './setup.mjs';

setUp();
const given = process.argv.slice(2);
const job = given.length > 0 ? given : ['replay', 'samples/town', '--model', 'models/reference', '--out', 'out/town'];
runOrExit(process.execPath, [join(root, 'dist', 'src', 'cli', 'main.js'), ...job]);
