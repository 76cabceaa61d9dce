export { domainOf } from './domain.js';
export { type Ending, Program, type ProgramOptions } from './program.js';
export { type WaitOptions, waitUntil } from './wait_until.js';
