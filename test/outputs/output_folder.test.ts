import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { OutputFolder, requireReplaceable, writeOutput, writeWhole } from '../../src/outputs/index.js';
import { temporaryFolder } from '../bags/fixtures.js';

const NAMES = ['masks.mcap', 'summary.json'];

describe('OutputFolder', () => {
  const temporary = temporaryFolder();
  let count = 0;
  const fresh = () => temporary.path(`out${count++}`);

  /** A run that writes both files, or was killed after the first. */
  async function run(path: string, how: 'finished' | 'killed' = 'finished', overwriting: 'own' | 'any' = 'own') {
    const folder = await OutputFolder.claim(path, NAMES, overwriting);
    writeFileSync(folder.file('masks.mcap'), `masks ${how}`);
    if (how === 'killed') return;
    await writeWhole(folder.file('summary.json'), '{}');
    await folder.finish();
  }

  it('replaces what a run before made, and never leaves old beside new', async () => {
    const path = fresh();
    await run(path);
    await OutputFolder.claim(path, NAMES, 'own');
    assert.deepEqual(readdirSync(path), ['.mle-sam.json'], 'the old files are gone before the first new one is there');
    await run(path, 'killed');
    assert.deepEqual(readdirSync(path).sort(), ['.mle-sam.json', 'masks.mcap']);
    await run(path);
    assert.equal(readFileSync(`${path}/masks.mcap`, 'utf8'), 'masks finished');
  });

  const foreign: [string, (path: string) => void | Promise<void>][] = [
    ['a file in a folder of somebody else', (path) => writeFileSync(`${path}/masks.mcap`, 'a recording')],
    ['one of two files', (path) => writeFileSync(`${path}/summary.json`, '{}')],
    ['a folder of that name', (path) => mkdirSync(`${path}/masks.mcap`)],
    ['a link', (path) => symlinkSync('/etc/hostname', `${path}/masks.mcap`)],
    [
      'a file that was changed since',
      async (path) => {
        await run(path);
        writeFileSync(`${path}/masks.mcap`, 'masks finish3d');
      },
    ],
    [
      'a file where a record was damaged',
      async (path) => {
        await run(path);
        writeFileSync(`${path}/.mle-sam.json`, '{');
      },
    ],
  ];
  for (const [what, prepare] of foreign) {
    it(`refuses ${what}, touches nothing, and replaces it with --force`, async () => {
      const path = fresh();
      mkdirSync(path);
      await prepare(path);
      const before = readdirSync(path).map((name) => name);
      await assert.rejects(run(path), /Expected no file, or one that mle-sam made .* --force\.$/);
      assert.deepEqual(readdirSync(path), before);
      await run(path, 'finished', 'any');
      assert.equal(readFileSync(`${path}/masks.mcap`, 'utf8'), 'masks finished');
      assert.notEqual(readFileSync('/etc/hostname', 'utf8'), 'masks finished');
    });
  }

  it('leaves other files of the folder alone', async () => {
    const path = fresh();
    mkdirSync(path);
    writeFileSync(`${path}/notes.txt`, 'mine');
    await run(path);
    await run(path, 'finished', 'any');
    assert.equal(readFileSync(`${path}/notes.txt`, 'utf8'), 'mine');
  });

  it('shares a folder between commands', async () => {
    const path = fresh();
    await run(path);
    const other = await OutputFolder.claim(path, ['dropout.json'], 'own');
    writeFileSync(other.file('dropout.json'), '{}');
    await other.finish();
    await run(path);
    assert.ok(existsSync(`${path}/dropout.json`));
    await OutputFolder.claim(path, ['dropout.json'], 'own');
  });
});

describe('output files', () => {
  const temporary = temporaryFolder();

  it('are replaced where their text says who made them', async () => {
    const path = temporary.path('a/b/junit.xml');
    const mark = /<testsuites name="mle-sam /;
    await requireReplaceable(path, mark, 'own');
    await writeOutput(path, '<testsuites name="mle-sam dropout town"/>');
    await requireReplaceable(path, mark, 'own');
    await writeOutput(path, '<testsuites name="pytest"/>');
    await assert.rejects(requireReplaceable(path, mark, 'own'), /junit.xml but received another one/);
    await requireReplaceable(path, mark, 'any');
    assert.deepEqual(readdirSync(temporary.path('a/b')), ['junit.xml']);
  });
});
