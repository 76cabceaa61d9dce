// `npm run bench -- NAME [options]`: runs one benchmark of bench/; without a name, lists them.
import { runProgram } from './run_program.mjs';

const onGraph = ['all', 'node', 'peer', 'start'];
await runProgram({ folder: ['bench'], kind: 'benchmark', onGraph, runtime: ['--expose-gc'] });
