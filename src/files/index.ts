export { readText, refuseSpecialFile } from './read_text.js';
