import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { writeSmallSet } from '../cli/support/small_set.js';
import { tinyBundle } from '../model/support/tiny_bundle.js';
import { projectRoot } from '../support/shared_data.js';

const FOLDER = join(projectRoot, 'deploy', 'kubernetes');

interface Container {
  command: string[];
  workingDir: string;
  env?: { name: string; value: string }[];
  volumeMounts: { mountPath: string }[];
}

interface Manifest {
  kind: string;
  metadata: { name: string };
  spec: { completions: number; parallelism: number; template: { spec: { containers: Container[] } } };
}

function manifests(file: string): Manifest[] {
  return parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8')).map((each) => each.toJS() as Manifest);
}

describe('The jobs for Kubernetes', () => {
  const shards = manifests('shards.yaml').find(({ kind }) => kind === 'Job')!;
  const [merge] = manifests('merge.yaml');
  const containerOf = ({ spec }: Manifest) => spec.template.spec.containers[0]!;

  it('keep to the schema of the API, without a key that it does not know', function () {
    const files = ['shards.yaml', 'merge.yaml'].map((file) => join(FOLDER, file));
    for (const version of ['1.29.0', '1.37.0']) {
      const { error, stdout, stderr, status } = spawnSync(
        'kubernetes-validate',
        ['--strict', '-k', version, ...files],
        { encoding: 'utf8' },
      );
      if (error) {
        this.test!.title += ' (kubernetes-validate is not installed: pip install kubernetes-validate)';
        this.skip();
      }
      assert.equal(status, 0, `${stdout}${stderr}`);
    }
  });

  it('tell the pods of how many they are', () => {
    const { env } = containerOf(shards);
    assert.equal(env!.find(({ name }) => name === 'JOB_COMPLETIONS')!.value, String(shards.spec.completions));
  });

  it('run their very commands, each with its index, and give what one run gives', async function () {
    this.timeout(300_000);
    const folder = mkdtempSync(join(tmpdir(), 'mle-sam-kubernetes-'));
    try {
      // The folder that the container works in, with what is mounted there.
      for (const { mountPath } of containerOf(shards).volumeMounts) {
        assert.ok(mountPath.startsWith(`${containerOf(shards).workingDir}/`));
        mkdirSync(join(folder, mountPath.slice(containerOf(shards).workingDir.length)));
      }
      await writeSmallSet(join(folder, 'data', 'set'), 8);
      cpSync(tinyBundle, join(folder, 'data', 'bundle'), { recursive: true });
      const main = join(projectRoot, 'dist', 'src', 'cli', 'main.js');
      mkdirSync(join(folder, 'bin'));
      writeFileSync(join(folder, 'bin', 'mle-sam'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
      chmodSync(join(folder, 'bin', 'mle-sam'), 0o755);
      const run = (manifest: Manifest, more: Record<string, string> = {}, command = containerOf(manifest).command) => {
        const [program = '', ...args] = command;
        const own = Object.fromEntries((containerOf(manifest).env ?? []).map(({ name, value }) => [name, value]));
        const PATH = `${join(folder, 'bin')}${delimiter}${process.env.PATH}`;
        const result = spawnSync(program, args, { cwd: folder, encoding: 'utf8', env: { PATH, ...own, ...more } });
        assert.equal(result.status, 0, result.stderr);
        return result.stdout;
      };
      for (let index = shards.spec.completions - 1; index >= 0; index--) {
        const text = run(shards, { JOB_COMPLETION_INDEX: String(index) });
        assert.match(text, new RegExp(`^shard ${index + 1} of 4 \\(JOB_COMPLETION_INDEX\\): 2 of 2 units done`));
      }
      run(merge!);
      const whole = containerOf(shards).command.map((word) => (word === 'results/run' ? 'results/whole' : word));
      run(shards, {}, whole);
      for (const file of ['evaluation.json', 'frames.json', 'runs.json']) {
        const textOf = (out: string) => readFileSync(join(folder, 'results', out, file), 'utf8');
        assert.equal(textOf('run'), textOf('whole'), file);
      }
      assert.match(readFileSync(join(folder, 'results', 'junit.xml'), 'utf8'), /leftOut &lt;= 0/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
