export { Inputs } from './inputs.js';
