import assert from 'node:assert/strict';
import { withoutParameterFiles } from '../../src/ros/index.js';

/** The rules that a node named `mle_sam` gets from a file with `text`. */
function rules(text: string, ...rosArguments: string[]): string[] {
  const argv = ['node', 'main.js', '--ros-args', ...rosArguments, '--params-file', 'p.yaml'];
  const result = withoutParameterFiles(argv, 'mle_sam', (path) => {
    assert.equal(path, 'p.yaml');
    return text;
  });
  assert.deepEqual(result.slice(0, 3 + rosArguments.length), argv.slice(0, 3 + rosArguments.length));
  const rest = result.slice(3 + rosArguments.length);
  assert.ok(
    rest.every((word, i) => i % 2 === 1 || word === '-p'),
    `not all are rules: ${rest.join(' ')}`,
  );
  return rest.filter((_, i) => i % 2 === 1);
}

const PARAMETERS = '{ros__parameters: {threads: 2}}';

describe('parameter files', () => {
  // Node name in the file, arguments of the process, whether rclcpp and rclpy would apply them.
  const cases: [string, string[], boolean][] = [
    ['mle_sam', [], true],
    ['/mle_sam', [], true],
    ['/**', [], true],
    ['/*', [], true],
    ['/**/mle_sam', [], true],
    ['other', [], false],
    ['/robot/mle_sam', [], false],
    ['/robot/mle_sam', ['-r', '__ns:=/robot'], true],
    ['robot/mle_sam', ['-r', '__ns:=/robot'], true],
    ['/robot/mle_sam', ['-r', '__ns:=robot/'], true],
    ['/robot/mle_sam', ['--remap', 'mle_sam:__ns:=/robot'], true],
    ['mle_sam', ['-r', '__ns:=/robot'], false],
    ['/**', ['-r', '__ns:=/robot/front'], true],
    ['/*', ['-r', '__ns:=/robot'], false],
    ['/*/mle_sam', ['-r', '__ns:=/robot'], true],
    ['/*/mle_sam', ['-r', '__ns:=/robot/front'], false],
    ['/**/mle_sam', ['-r', '__ns:=/robot/front'], true],
    ['/robot/**', ['-r', '__ns:=/robot/front'], true],
    ['/robots/**', ['-r', '__ns:=/robot'], false],
    ['front', ['-r', '__node:=front'], true],
    ['front', ['-r', '__name:=front'], true],
    ['mle_sam', ['-r', '__node:=front'], false],
    ['/mle.sam', [], false],
  ];
  for (const [name, rosArguments, applies] of cases) {
    it(`${applies ? 'apply' : 'do not apply'}: ${name} with "${rosArguments.join(' ')}"`, () => {
      assert.deepEqual(rules(`${name}: ${PARAMETERS}`, ...rosArguments), applies ? ['threads:=2'] : []);
    });
  }

  it('nest names of nodes and of parameters', () => {
    const text = `
robot:
  mle_sam:
    ros__parameters:
      sync: {deadline_ms: 80.0, drop: {periods: 3}}
      sync.late_periods: 2.0
`;
    assert.deepEqual(rules(text, '-r', '__ns:=/robot'), [
      'sync.deadline_ms:=80.0',
      'sync.drop.periods:=3',
      'sync.late_periods:=2.0',
    ]);
  });

  it('keep the type a value has for ROS', () => {
    const text = `
/**:
  ros__parameters:
    double: 1.0
    integer: 1
    exponent: 1e3
    boolean: yes
    plain: best_effort
    quoted_number: '1'
    quoted_boolean: "true"
    empty: ''
    blanks: 'a: b # c'
    comma: a, b
    lines: |
      one
      two
    strings: [camera, 'a, b', "1"]
    block:
      - 1.0
      - 2.5
    none: []
    copy: &one [x]
    alias: *one
`;
    assert.deepEqual(rules(text), [
      'double:=1.0',
      'integer:=1',
      'exponent:=1e3',
      'boolean:=yes',
      'plain:=best_effort',
      'quoted_number:="1"',
      'quoted_boolean:="true"',
      'empty:=""',
      'blanks:="a: b # c"',
      'comma:="a, b"',
      'lines:="one\\ntwo\\n"',
      'strings:=[camera, "a, b", "1"]',
      'block:=[1.0, 2.5]',
      'none:=[]',
      'copy:=[x]',
      'alias:=[x]',
    ]);
  });

  it('come in the order of the arguments, so that the last rule for a parameter is the last', () => {
    const files: Record<string, string> = { a: '/**: {ros__parameters: {x: 1}}', b: '/**: {ros__parameters: {x: 3}}' };
    const argv = ['--ros-args', '--params-file', 'a', '-p', 'x:=2', '--params-file', 'b'];
    assert.deepEqual(
      withoutParameterFiles(argv, 'n', (path) => files[path]!),
      ['--ros-args', '-p', 'x:=1', '-p', 'x:=2', '-p', 'x:=3'],
    );
  });

  it('stay where they cannot be read or understood', () => {
    const argv = ['--ros-args', '--params-file', 'missing.yaml'];
    assert.deepEqual(withoutParameterFiles(argv, 'n'), argv);
    for (const text of ['- a list', 'a: [unclosed', '']) {
      assert.deepEqual(
        withoutParameterFiles(argv, 'n', () => text),
        argv,
        text,
      );
    }
    assert.deepEqual(withoutParameterFiles(['--ros-args', '--params-file'], 'n'), ['--ros-args', '--params-file']);
  });
});
