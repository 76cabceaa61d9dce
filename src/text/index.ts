export { excerpt, jsonText, printable, printableLines } from './printable.js';
