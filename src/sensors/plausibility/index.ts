export { type Implausibility, Plausibility } from './plausibility.js';
