/** `npm run generate`: writes what follows from the tables of parameters, topics and faults. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generatedFiles } from './generated_files.js';

const root = process.cwd();
for (const { path, text } of await generatedFiles(root)) {
  await writeFile(join(root, path), text);
  process.stdout.write(`${path}\n`);
}
