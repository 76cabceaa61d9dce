import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleClasses, CLASS_LIST_NAMES, loadClassList } from '../../../src/model/import/class_list.js';

describe('loadClassList', () => {
  const published: [name: string, count: number, index: number, entry: string, color: number[]][] = [
    ['cityscapes', 19, 18, 'bicycle', [119, 11, 32]],
    ['muses', 19, 0, 'road', [128, 64, 128]],
    ['ade20k', 150, 149, 'flag', [92, 0, 255]],
    ['mapillary', 66, 13, 'road', [128, 64, 128]],
    ['coco-stuff', 171, 0, 'person', [0, 192, 64]],
    ['deliver', 25, 9, 'Cars', [0, 0, 142]],
    ['mcubes', 20, 19, 'sky', [99, 121, 57]],
    ['voc', 21, 15, 'person', [192, 128, 128]],
  ];
  it('is tested for every list there is', () =>
    assert.deepEqual(published.map(([name]) => name).toSorted(), CLASS_LIST_NAMES.toSorted()));
  for (const [name, count, index, entry, color] of published) {
    it(`knows ${name}`, async () => {
      const { classes } = await loadClassList(name);
      assert.equal(classes.length, count);
      assert.equal(new Set(classes.map((one) => one.name)).size, count);
      for (const one of classes) assert.ok(/^[A-Za-z][\w-]*$/.test(one.name) && one.color.length === 3, one.name);
      assert.deepEqual(classes[index], { name: entry, color });
    });
  }

  it("leaves Mapillary's last class unlabeled", async () => {
    const { classes, classIds } = bundleClasses(await loadClassList('mapillary'));
    assert.deepEqual([classes.length, classIds.at(-1)], [65, 255]);
  });

  describe('reads files', () => {
    let folder: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'mle-sam-classes-'));
    });
    after(() => rmSync(folder, { recursive: true }));
    const namesIn = async (text: string) => {
      const path = join(folder, 'classes.yaml');
      writeFileSync(path, text);
      return (await loadClassList(path)).classes.map(({ name }) => name);
    };

    const files: [title: string, text: string, names: string[]][] = [
      ['a list of names', '[road, traffic light]', ['road', 'traffic_light']],
      ['objects', '- {name: road, color: [1, 2, 3]}\n- {name: sky}', ['road', 'sky']],
      [
        'id2label of a config.json',
        '{"id2label": {"0": "road", "2": "2nd lane"}}',
        ['road', 'unlabeled', 'class_2nd_lane'],
      ],
    ];
    for (const [title, text, names] of files) it(title, async () => assert.deepEqual(await namesIn(text), names));

    const wrong: [title: string, text: string, message: RegExp][] = [
      ['no list', 'road', /Expected a list of classes for --classes .* but received road\. Write a list of names/],
      ['a name twice', '[road, road]', /road more than once/],
      ['no YAML', '[road', /Expected a list of classes/],
      ['a colour that is none', '[{name: road, color: [1, 2]}]', /Expected a list of classes/],
      ['other keys', '{road: 1, sky: 2}', /but received road, sky/],
    ];
    for (const [title, text, message] of wrong) it(`refuses ${title}`, () => assert.rejects(namesIn(text), message));
  });
});
