// `npm run soak -- NAME [options]`: a run of many minutes, by hand; without a name, lists them.
import { runProgram } from './run_program.mjs';

await runProgram({ folder: ['bench', 'soak'], kind: 'run', onGraph: ['graph', 'node_lifecycle'] });
