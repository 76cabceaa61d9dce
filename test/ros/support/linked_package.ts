import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { projectRoot } from '../../support/shared_data.js';
import { Program } from './program.js';

/** The package as colcon installs it, but for its files, which are links to those of this checkout. */
export class LinkedPackage {
  readonly #prefix = mkdtempSync(join(tmpdir(), 'mle-sam-installed-'));

  constructor() {
    const share = join(this.#prefix, 'share', 'mle_sam_ros');
    const index = join(this.#prefix, 'share', 'ament_index', 'resource_index', 'packages');
    const library = join(this.#prefix, 'lib', 'mle_sam_ros');
    for (const folder of [share, index, library]) mkdirSync(folder, { recursive: true });
    writeFileSync(join(index, 'mle_sam_ros'), '');
    for (const name of ['launch', 'config', 'dist', 'models']) symlinkSync(join(projectRoot, name), join(share, name));
    for (const [executable, program] of Object.entries({ mle_sam: 'node', 'mle-sam': 'cli' })) {
      // As CMakeLists.txt configures it.
      const values: Record<string, string> = {
        PROJECT_NAME: 'mle_sam_ros',
        NODE_EXECUTABLE: process.execPath,
        PROGRAM: program,
      };
      const text = readFileSync(join(projectRoot, 'cmake', 'program.sh.in'), 'utf8');
      writeFileSync(
        join(library, executable),
        text.replaceAll(/@(\w+)@/g, (_, name: string) => values[name]!),
      );
      chmodSync(join(library, executable), 0o755);
    }
  }

  /** Runs one of its launch files: by launch itself where that is installed, else by a stand-in of its classes. */
  launch(file: string, args: readonly string[], domain: number): Program {
    const path = [this.#prefix, process.env.AMENT_PREFIX_PATH].join(delimiter);
    return Program.peer('launch_file.py', [join(projectRoot, 'launch', file), ...args], domain, {
      AMENT_PREFIX_PATH: path,
    });
  }

  remove(): void {
    rmSync(this.#prefix, { recursive: true, force: true });
  }
}
