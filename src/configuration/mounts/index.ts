export { loadMounts } from './load_mounts.js';
export { type Mount, parseMount } from './parse_mount.js';
export { publisherArguments } from './publisher_arguments.js';
