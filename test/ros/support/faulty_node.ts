import { extname } from 'node:path';
import { runNode } from '../../../src/node/index.js';
import { TINY_BUNDLE } from './node.js';

/** The node, but with a model whose worker misbehaves when a picture tells it to (test/model/support/commands.ts). */
const workerEntry = new URL(`../../model/support/faulty_worker${extname(import.meta.url)}`, import.meta.url);
const restart = { initialDelayMs: 5, maxDelayMs: 20, maxAttempts: 3 };
await runNode({ argv: process.argv, defaultModel: TINY_BUNDLE, segmenter: { workerEntry, restart } });
