import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeGate } from '../../src/threads/native_gate.js';
import { loaderOf } from '../support/loader.js';

describe('A native gate', () => {
  it('lets calls begin one after the other, also for who shares its memory', () => {
    const gate = new NativeGate();
    const thread = new NativeGate(gate.memory);
    for (let i = 0; i < 3; i++) {
      assert.equal(thread.enter(), true);
      assert.equal(thread.leave(), true);
    }
  });

  it('that is shut between calls lets none begin', () => {
    const gate = new NativeGate();
    assert.equal(gate.shut(), 'may-be-terminated');
    assert.equal(gate.enter(), false);
    assert.equal(gate.shut(), 'may-be-terminated', 'once more');
    assert.equal(gate.shutAndWait(0), true);
  });

  it('that is shut during a call leaves the end to the thread', () => {
    const gate = new NativeGate();
    gate.enter();
    assert.equal(gate.shut(), 'ends-by-itself');
    assert.equal(gate.shut(), 'ends-by-itself', 'once more');
    assert.equal(gate.shutAndWait(1), false, 'the call goes on');
    assert.equal(gate.leave(), false);
    assert.equal(gate.enter(), false);
    assert.equal(gate.shut(), 'may-be-terminated');
    assert.equal(gate.shutAndWait(0), true);
  });
});

describe('Threads in native code', function () {
  this.timeout(120_000);
  const program = fileURLToPath(new URL(`./support/native_program${extname(import.meta.url)}`, import.meta.url));

  /** With threads that are terminated at once, each such program was aborted by a C++ exception of onnxruntime-node. */
  it('are ended at any moment without the process, which then ends with its own status', () => {
    const threads = 12;
    const loader = loaderOf(program);
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      [...loader, program, String(threads), '12'],
      { encoding: 'utf8', timeout: 110_000 },
    );
    assert.equal(stderr, '');
    assert.equal(stdout, 'ended\n'.repeat(threads));
    assert.deepEqual({ status, signal }, { status: 7, signal: null });
  });
});
