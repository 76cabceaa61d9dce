import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { projectRoot } from '../../support/shared_data.js';
import { Program } from './program.js';

/** What of this project the package is built from. */
const BUILD_SOURCES = JSON.parse(readFileSync(join(projectRoot, 'cmake', 'sources.json'), 'utf8')) as string[];

export interface ColconBuild {
  /** Where the package was installed. */
  installation: string;
  /** Processor time of the build, of all its processes. */
  cpuSeconds: number;
  lines: readonly string[];
}

/** A colcon workspace with this package alone, built against the ROS of the tests. */
export class ColconWorkspace {
  readonly #folder: string;
  readonly #copy: string;

  /** @param folder - what colcon builds in stays there for next time; default: beside the ROS of the tests */
  constructor(folder: string = join(process.env.MLE_SAM_TEST_ROS!, 'colcon')) {
    this.#folder = folder;
    this.#copy = join(folder, 'src', 'mle_sam_ros');
  }

  /** Copies the sources in, so that the source tree is not written to. */
  copySources(): void {
    rmSync(this.#copy, { recursive: true, force: true });
    for (const name of BUILD_SOURCES) {
      cpSync(join(projectRoot, name), join(this.#copy, name), { recursive: true, preserveTimestamps: true });
    }
    this.#addOverlay();
  }

  /** Takes the sources, and what `npm run pack:offline` put beside them, from its archive. */
  unpack(archive: string): void {
    const sources = join(this.#copy, '..');
    rmSync(sources, { recursive: true, force: true });
    mkdirSync(sources, { recursive: true });
    execFileSync('tar', ['--extract', '--file', archive, '--directory', sources]);
    this.#addOverlay();
  }

  #addOverlay(): void {
    // `ros2` from an overlay that has nothing else: what is built against must be found without it.
    const overlay = join(this.#folder, 'overlay');
    mkdirSync(overlay, { recursive: true });
    writeFileSync(join(overlay, 'ros2'), '#!/bin/sh\nexit 1\n');
    chmodSync(join(overlay, 'ros2'), 0o755);
  }

  /**
   * `colcon build`.
   * @param name - of the install folder
   * @param around - a command that runs colcon, as `unshare --net`
   * @throws Error with the last words of colcon where it fails
   */
  async build(name: string, args: readonly string[] = [], around: readonly string[] = []): Promise<ColconBuild> {
    const installation = join(this.#folder, name);
    const paths = [
      '--base-paths',
      this.#copy,
      '--build-base',
      join(this.#folder, 'build'),
      '--install-base',
      installation,
    ];
    const cmake = [
      '-DCMAKE_BUILD_TYPE=Release',
      '-DBUILD_TESTING=OFF',
      `-DPython3_EXECUTABLE=${process.env.VIRTUAL_ENV}/bin/python`,
      // colcon switches links on and never off again: CMake's cache keeps them for the next build.
      ...(args.includes('--symlink-install') ? [] : ['-DAMENT_CMAKE_SYMLINK_INSTALL=OFF']),
    ];
    const command = [...around, 'colcon', 'build', '--merge-install', ...paths, ...args, '--cmake-args', ...cmake];
    const timed = 'TIMEFORMAT="cpu seconds %U %S"; time "$@"';
    // bash takes the socket that is its input for a login from afar, and its start-up file may put another Python first.
    const colcon = Program.start('bash', ['--norc', '-c', timed, 'bash', ...command], {
      cwd: this.#folder,
      env: { NODE_OPTIONS: '', PATH: [join(this.#folder, 'overlay'), process.env.PATH].join(delimiter) },
    });
    const { code } = await colcon.end({ deadlineMs: 19 * 60_000 });
    if (code !== 0) throw new Error(`Expected colcon to build but it did not:\n${colcon.lines.slice(-60).join('\n')}`);
    const [, user, system] = /cpu seconds (\S+) (\S+)/.exec(colcon.lines.join('\n')) ?? [];
    return { installation, cpuSeconds: Number(user) + Number(system), lines: colcon.lines };
  }

  /** Takes the sources and what was installed away. */
  clear(...installations: readonly string[]): void {
    for (const name of ['src', 'overlay', ...installations]) {
      rmSync(join(this.#folder, name), { recursive: true, force: true });
    }
  }
}

/** Moves an installed package, so that it finds nothing by where it was made. */
export function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    // Another file system.
    cpSync(from, to, { recursive: true, verbatimSymlinks: true });
    rmSync(from, { recursive: true });
  }
}

/** Environment variables for what is installed there, as its setup.bash would set them. */
export function sourced(installation: string): Record<string, string> {
  const library = join(installation, 'lib');
  const python = readdirSync(library).filter((name) => name.startsWith('python3'));
  const before = (name: string, ...paths: string[]) => [...paths, process.env[name] ?? ''].join(delimiter);
  return {
    AMENT_PREFIX_PATH: before('AMENT_PREFIX_PATH', installation),
    LD_LIBRARY_PATH: before('LD_LIBRARY_PATH', library),
    PYTHONPATH: before('PYTHONPATH', ...python.map((name) => join(library, name, 'site-packages'))),
    // Nothing of the test leaks into what is installed.
    NODE_OPTIONS: '',
  };
}
