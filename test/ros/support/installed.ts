import { cpSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { projectRoot } from '../../support/shared_data.js';
import { Program } from './program.js';

/** Made by the set-up of these tests. */
const environment = process.env.MLE_SAM_TEST_ROS!;

/** What of this project the package is built from. */
const SOURCES = [
  'package.xml',
  'CMakeLists.txt',
  'cmake',
  'msg',
  'srv',
  'launch',
  'config',
  'models',
  'scripts',
  'src',
];
const NPM_SOURCES = ['package.json', 'package-lock.json', 'tsconfig.json', 'LICENSE', 'training/mle_sam_train'];

/**
 * `colcon build` of this package against the ROS of the tests, from a copy that is gone afterwards.
 * @param installation - where the installed package is moved, so that it finds nothing by where it was made. What colcon
 * builds in stays for next time, and CMake insists on installing to one place
 * @throws Error with the last words of colcon where it fails
 */
export async function colconBuild(installation: string): Promise<void> {
  const folder = join(environment, 'colcon');
  const copy = join(folder, 'src', 'mle_sam_ros');
  const installed = join(folder, 'install');
  for (const old of [installed, copy]) rmSync(old, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  for (const name of [...SOURCES, ...NPM_SOURCES]) {
    cpSync(join(projectRoot, name), join(copy, name), { recursive: true, preserveTimestamps: true });
  }
  const paths = ['--base-paths', copy, '--build-base', join(folder, 'build'), '--install-base', installed];
  const python = join(environment, 'python', 'bin', 'python');
  const cmake = ['-DCMAKE_BUILD_TYPE=Release', '-DBUILD_TESTING=OFF', `-DPython3_EXECUTABLE=${python}`];
  const colcon = Program.start('colcon', ['build', '--merge-install', ...paths, '--cmake-args', ...cmake], {
    cwd: folder,
    env: { NODE_OPTIONS: '' },
  });
  const { code } = await colcon.end({ deadlineMs: 14 * 60_000 });
  rmSync(copy, { recursive: true });
  if (code !== 0) throw new Error(`Expected colcon to build but it did not:\n${colcon.lines.slice(-60).join('\n')}`);
  move(installed, installation);
}

function move(from: string, to: string): void {
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
