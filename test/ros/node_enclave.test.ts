import assert from 'node:assert/strict';
import { domainOf, Program } from './support/index.js';
import { startNode, TINY_BUNDLE } from './support/node.js';

const PATIENT = { deadlineMs: 60_000 };

// Fast DDS of the wheels is built without its security plugins: that a graph is closed to others cannot be tried here.
describe('The node in an SROS2 enclave', function () {
  this.timeout(120_000);
  const domain = domainOf(import.meta.url);
  let node: Program;
  let onlooker: Program;
  after(async () => {
    await Promise.all([node?.stop(), onlooker?.stop()]);
  });

  it('joins the graph under the enclave it is given, whatever its namespace', async () => {
    onlooker = Program.peer('enclaves.py', [], domain);
    const rosArguments = ['--enclave', '/mle_sam', '-r', '__ns:=/front'];
    node = startNode(domain, { model: TINY_BUNDLE }, { rosArguments });
    const line = await onlooker.line('mle_sam', PATIENT);
    assert.deepEqual(JSON.parse(line), [['mle_sam', '/front', '/mle_sam']]);
  });
});
