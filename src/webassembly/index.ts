export { compileKernel, KernelMemory } from './kernel_memory.js';
