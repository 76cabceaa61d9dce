// `npm run picture [-- BAG MODEL FILE]`: makes the README's first picture anew from the sample bag with the bundled model.
import { join } from 'node:path';
import { root, runOrExit, setUp } from './setup.mjs';

setUp();
runOrExit(process.execPath, [
  join(root, 'dist', 'src', 'documentation', 'picture', 'make_picture.js'),
  ...process.argv.slice(2),
]);
