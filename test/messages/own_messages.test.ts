import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@foxglove/rosmsg';
import { schemaFor } from '../../src/messages/index.js';
import { projectRoot } from '../support/shared_data.js';

const folder = join(projectRoot, 'msg');

describe("messages: the package's own", () => {
  for (const file of readdirSync(folder)) {
    const name = file.replace('.msg', '');

    it(`has the fields of ${file} in their order`, () => {
      const described = fieldsOf(readFileSync(join(folder, file), 'utf8'));
      const builtIn = fieldsOf(schemaFor(`mle_sam_ros/msg/${name}`).text);
      assert.ok(described.length > 0, 'a message without fields proves nothing');
      assert.deepEqual(builtIn, described);
    });
  }
});

/** Type and name of each field; types of the same package stand without its name in a .msg file. */
function fieldsOf(text: string): string[] {
  const { definitions } = parse(text, { ros2: true, skipTypeFixup: true })[0]!;
  return definitions
    .filter(({ isConstant }) => isConstant !== true)
    .map(({ type, name, isArray, arrayLength }) => {
      const bare = type.replace('mle_sam_ros/', '');
      return `${bare}${isArray ? `[${arrayLength ?? ''}]` : ''} ${name}`;
    });
}
