import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { compareCommand } from '../../src/cli/compare.js';
import { dropoutCommand } from '../../src/cli/dropout.js';
import { evaluateCommand } from '../../src/cli/evaluate.js';
import { injectCommand } from '../../src/cli/inject.js';
import { inspectCommand } from '../../src/cli/inspect.js';
import { mergeCommand } from '../../src/cli/merge.js';
import { modelCommand } from '../../src/cli/model.js';
import { monitorCommand } from '../../src/cli/monitor.js';
import { nodeCommand } from '../../src/cli/node.js';
import { parametersCommand } from '../../src/cli/parameters.js';
import { replayCommand } from '../../src/cli/replay.js';
import { simulateCommand } from '../../src/cli/simulate.js';
import { projectRoot } from '../support/shared_data.js';

const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  'training/README.md',
  'samples/README.md',
  ...readdirSync(join(projectRoot, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const COMMANDS = new Map(
  [
    compareCommand(),
    dropoutCommand(),
    evaluateCommand(),
    injectCommand(),
    inspectCommand(),
    mergeCommand(),
    modelCommand(),
    monitorCommand(),
    nodeCommand(),
    parametersCommand(),
    replayCommand(),
    simulateCommand(),
  ].map((command) => [command.name(), command]),
);
const SCRIPTS = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts;
/** Where a command ends that stands in a line of a shell, in code between words, or before what is shown of its output. */
const END = /[|;&`)]|\s#\s|$/;

function read(path: string): string {
  return readFileSync(join(projectRoot, path), 'utf8');
}

/** What stands in code in a page's text, each piece on one line: blocks, with lines that go on joined, and code between words. */
function codeOf(text: string): string[] {
  const blocks = [...text.matchAll(/^```[^\n]*\n(.*?)^```/gms)].flatMap(([, block = '']) =>
    block.replace(/\\\n\s*/g, ' ').split('\n'),
  );
  const spans = text.replace(/^```[^\n]*\n.*?^```/gms, '').matchAll(/`([^`]+)`/g);
  return [...blocks, ...[...spans].map(([, span = '']) => span.replace(/\s*\n\s*/g, ' '))];
}

/** The words behind each place where a page calls `program`, up to where the command ends. */
function callsOf(text: string, program: RegExp): string[][] {
  return codeOf(text).flatMap((line) =>
    [...line.matchAll(new RegExp(`(?:^|[|;&(:]|mle_sam_ros|sudo)\\s*${program.source}`, 'g'))].map((found) => {
      const rest = line.slice(found.index + found[0].length).replace(/'[^']*'|"[^"]*"/g, 'TEXT');
      return rest.slice(0, END.exec(rest)!.index).trim().split(/\s+/).filter(Boolean);
    }),
  );
}

/** Options of a call that its command does not have; those behind `--ros-args` are for ROS 2. */
function unknownOptions(command: Command, words: readonly string[]): string[] {
  const [first = ''] = words;
  const nested = command.commands.find((each) => each.name() === first);
  if (nested !== undefined) return unknownOptions(nested, words.slice(1));
  const known = new Set(command.options.flatMap(({ long, short }) => [long, short, '--help']));
  const own = words.includes('--ros-args') ? words.slice(0, words.indexOf('--ros-args')) : words;
  const options = own.map(
    (word) =>
      word
        .replace(/^\[+|[\],]+$/g, '')
        .split('=')[0]!
        .split('|')[0]!,
  );
  return options.filter((word) => /^--?[a-z]/.test(word) && !known.has(word));
}

/** Calls of `mle-sam` that name a command or an option there is not. */
function wrongCalls(text: string): string[] {
  return callsOf(text, /(?:(?:npx )?mle-sam|npm start --)\s+(?!…)/).flatMap((words) => {
    const command = COMMANDS.get(words[0] ?? '');
    if (command !== undefined) {
      return unknownOptions(command, words.slice(1)).map((option) => `${words.join(' ')}: ${option}`);
    }
    // `mle-sam` alone is the program, and a word in capitals stands for any command.
    return /^[a-z]/.test(words[0] ?? '') ? [words.join(' ')] : [];
  });
}

/** Scripts of npm, benchmarks, programs and tests that a text names and that are not there. */
function missingPrograms(text: string): string[] {
  const exists = (...path: string[]) => existsSync(join(projectRoot, ...path));
  const missing: string[] = [];
  for (const [script = '', , name = ''] of callsOf(text, /npm run\s+/)) {
    if (!/^[a-z:]+$/.test(script)) continue;
    if (!Object.hasOwn(SCRIPTS, script)) missing.push(`npm run ${script}`);
    const isNamed = script === 'bench' && /^[a-z_]+$/.test(name);
    if (isNamed && !exists('bench', `${name}.ts`)) missing.push(`npm run bench -- ${name}`);
  }
  for (const [program = ''] of callsOf(text, /(?:node|python3?)\s+(?=scripts\/)/)) {
    if (!exists(program)) missing.push(program);
  }
  for (const words of callsOf(text, /npm (?:test|run test:slow) --\s+/)) {
    const paths = words.filter((word) => word.startsWith('test/'));
    missing.push(...paths.filter((path) => !exists(path) && !exists(`${path}.test.ts`)));
  }
  return missing;
}

describe('commands in the pages', () => {
  it('are found where they stand, with what is wrong in them', () => {
    const page = [
      'Run `mle-sam replay BAG --rate max` or `npm start -- reply BAG`; `npm run bech -- sync`, `npm run bench -- synk`.',
      '```sh',
      'npx mle-sam evaluate DATA -p absent \\',
      '  --requires "miou>=60" | tee --append log   # not --this',
      'mle-sam-train claims --variants mle-sam other',
      'mle-sam node --ros-args -p x:=y && node scripts/gone.mjs --all',
      '```',
      '`mle-sam model import NET.onnx --outt DIR`, `npm test -- test/sync test/none`',
    ].join('\n');
    assert.deepEqual(wrongCalls(page), [
      'evaluate DATA -p absent --requires TEXT: --requires',
      'reply BAG',
      'model import NET.onnx --outt DIR: --outt',
    ]);
    assert.deepEqual(missingPrograms(page), ['npm run bech', 'npm run bench -- synk', 'scripts/gone.mjs', 'test/none']);
  });

  it('are many', () => {
    const calls = PAGES.flatMap((page) => callsOf(read(page), /(?:npx )?mle-sam\s+/));
    assert.ok(calls.length > 80, `${calls.length} calls found`);
  });

  for (const page of PAGES) {
    it(`are there, with their options, in ${page}`, () => {
      assert.deepEqual([...wrongCalls(read(page)), ...missingPrograms(read(page))], []);
    });
  }
});
