import { extname } from 'node:path';
import { runNode } from '../../../src/node/index.js';
import { TINY_BUNDLE } from './node.js';

/** The node, but on stand-in GPUs that fail as MLE_SAM_TEST_RUNGS says (test/model/support/falling_worker.ts). */
const workerEntry = new URL(`../../model/support/falling_worker${extname(import.meta.url)}`, import.meta.url);
await runNode({ argv: process.argv, defaultModel: TINY_BUNDLE, segmenter: { workerEntry } });
