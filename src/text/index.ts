export { jsonText, printable, printableLines } from './printable.js';
