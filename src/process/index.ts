export { atExit } from './exit_tasks.js';
