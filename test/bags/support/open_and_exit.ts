import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { openBag } from '../../../src/bags/index.js';

/** Opens a compressed bag, prints the temporary folders there are, and ends as an interrupt does, without closing it. */
await openBag(process.argv[2]!);
process.stdout.write(
  readdirSync(tmpdir())
    .filter((name) => name.startsWith('mle-sam-bag-'))
    .join('\n'),
);
process.exit(130);
