// Steps of a long way, one command each: run in order, noted in `steps.json` when done, gone on with after a kill.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

/** Prints why it cannot go on, and ends with 2. */
export function fail(sentence) {
  console.error(sentence);
  process.exit(2);
}

/**
 * Runs what is not done yet. A step is done when it has ended well and its product is still there; what follows a step
 * that had to run again runs again, too.
 * @param steps `{ name, command, product, printed?, isApart? }`: `printed` saves what it prints as its product; a step
 *   `isApart` takes nothing from those before it, and they nothing from it
 * @param folder of the record
 * @param settings other ones than a folder was begun with are refused: they would mix two runs into one
 * @returns minutes by step
 */
export async function runSteps(steps, folder, settings) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'steps.json');
  const record = readRecord(file, folder, settings);
  const keep = () => writeWhole(file, JSON.stringify(record, null, 2));
  let isFresh = false;
  for (const step of steps) {
    const minutes = record.done[step.name];
    if (minutes !== undefined && !isFresh && existsSync(step.product)) {
      console.log(`${step.name}: done before, ${minutes} min`);
      continue;
    }
    isFresh ||= step.isApart !== true;
    console.log(`${step.name}: ${step.command.join(' ')}`);
    delete record.done[step.name];
    keep();
    const start = Date.now();
    await run(step);
    record.done[step.name] = Math.round((Date.now() - start) / 6000) / 10;
    keep();
  }
  return record.done;
}

function readRecord(file, folder, settings) {
  if (!existsSync(file)) return { settings, done: {} };
  const record = JSON.parse(readFileSync(file, 'utf8'));
  const [begun, asked] = [JSON.stringify(record.settings), JSON.stringify(settings)];
  if (begun !== asked)
    fail(`Expected ${begun}, with which ${folder} was begun, but received ${asked}: choose another --out.`);
  return record;
}

function writeWhole(file, text) {
  writeFileSync(`${file}.tmp`, text);
  renameSync(`${file}.tmp`, file);
}

/** Runs a step to its end; a signal goes on to it, so that training saves before it stops. */
async function run({ name, command: [program, ...args], product, printed }) {
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', printed ? 'pipe' : 'inherit', 'inherit'] });
  let stopped;
  const pass = (signal) => {
    stopped = signal;
    child.kill(signal);
  };
  process.on('SIGINT', pass).on('SIGTERM', pass);
  const chunks = [];
  child.stdout?.on('data', (chunk) => chunks.push(chunk));
  const status = await new Promise((resolve) => {
    child.on('close', (code) => resolve(code ?? 1));
    child.on('error', (error) => {
      console.error(`Could not run ${program}: ${error.message}`);
      resolve(1);
    });
  });
  process.off('SIGINT', pass).off('SIGTERM', pass);
  if (stopped !== undefined || status !== 0) {
    fail(`${name}: ${stopped ? `stopped by ${stopped}` : 'failed'}; the same command again goes on from here.`);
  }
  if (printed) writeWhole(product, Buffer.concat(chunks));
}
