import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { compileFunction } from 'node:vm';
import type sqlite from 'node-sqlite3-wasm';
import { fileSystemThatReadsAhead } from './read_ahead.js';

/** What Node calls the code of a CommonJS module with. */
type RunCommonJs = (
  exports: object,
  require: (name: string) => unknown,
  module: { exports: object },
  filename: string,
  folder: string,
) => void;

/**
 * SQLite as WebAssembly. It reads a file page by page, 4 KB each, and the call for a page takes longer than all SQLite does with
 * it. It takes no file system but what it requires, so it is loaded as Node loads it, with one that reads ahead.
 */
export function loadSqlite(): typeof sqlite {
  const require = createRequire(import.meta.url);
  const path = require.resolve('node-sqlite3-wasm');
  const parameters = ['exports', 'require', 'module', '__filename', '__dirname'];
  const run = compileFunction(readFileSync(path, 'utf8'), parameters, { filename: path }) as RunCommonJs;
  const files = fileSystemThatReadsAhead();
  const module = { exports: {} };
  run(
    module.exports,
    (name) => (name === 'node:fs' || name === 'fs' ? files : require(name)),
    module,
    path,
    dirname(path),
  );
  return module.exports as typeof sqlite;
}
