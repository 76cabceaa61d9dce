export { atExit, beforeTheEnd } from './exit_tasks.js';
