export { atExit, keepFromDelayingExit } from './exit_tasks.js';
