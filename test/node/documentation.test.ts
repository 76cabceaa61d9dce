import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { parameterTable } from '../../src/configuration/index.js';
import { inputTopics, OUTPUT_TOPICS, TRANSFORM_TOPICS } from '../../src/configuration/topics.js';
import { generatedFiles, replaceBetweenMarkers } from '../../src/documentation/index.js';
import { MASK_TOPICS, TRUTH_TOPIC } from '../../src/replay/index.js';
import { projectRoot } from '../support/shared_data.js';
import { RIG } from './support/modalities.js';

/** Arguments of launch files that are paths as well. */
const LAUNCH_ARGUMENTS = ['bundle', 'fallbacks', 'enclave'];

/** Topics and services whose names belong to the node, but are no outputs of perception. */
const MANAGEMENT = ['~/set_modality', '~/transition_event'];
const INPUTS = [
  ...RIG.flatMap((modality) => Object.values(inputTopics(modality)) as string[]),
  ...Object.values(TRANSFORM_TOPICS),
  // The compressed copies of images, which are read where nobody publishes the images themselves.
  'camera/image/compressed',
  'depth/image/compressedDepth',
];
const OUTPUTS: readonly string[] = OUTPUT_TOPICS.map(({ name }) => name);

function read(...path: string[]): Promise<string> {
  return readFile(join(projectRoot, ...path), 'utf8');
}

/** Names as they are on the graph: those of the node mle_sam, without a namespace. */
function onGraph(name: string): string {
  if (name.startsWith('~')) return name.replace('~', '/mle_sam');
  return name.startsWith('/') ? name : `/${name}`;
}

/** The last one is in recordings only. */
const KNOWN = new Set([...INPUTS, ...OUTPUTS, ...MANAGEMENT, TRUTH_TOPIC].map(onGraph));

describe('generated files', () => {
  it('are as the tables have them; if not, npm run generate', async () => {
    for (const { path, text } of await generatedFiles(projectRoot)) {
      assert.equal(await read(path), text, `${path} does not follow from the tables: npm run generate`);
    }
  });

  it('keep what a person wrote around the markers', () => {
    const page = 'before\n<!-- generated: x -->\nold\n<!-- end of x -->\nafter\n';
    const replaced = replaceBetweenMarkers(page, 'x', 'new\nrows', 'page.md');
    assert.equal(replaced, 'before\n<!-- generated: x -->\nnew\nrows\n<!-- end of x -->\nafter\n');
    assert.equal(replaceBetweenMarkers(replaced, 'x', 'old', 'page.md'), page);
  });

  it('are refused where a page has lost its markers', () => {
    assert.throws(
      () => replaceBetweenMarkers('<!-- generated: x -->\n', 'x', '', 'page.md'),
      /^Error: Expected <!-- generated: x --> and <!-- end of x --> in page\.md but received a page without them\.$/,
    );
  });
});

describe('masks.mcap of a replay', () => {
  it('has its masks on topics the node publishes', () => {
    for (const name of Object.values(MASK_TOPICS)) assert.ok(OUTPUTS.map(onGraph).includes(name), name);
  });
});

describe('documentation of the node', () => {
  for (const page of ['README.md', 'docs/node.md']) {
    it(`names only topics and services there are, in ${page}`, async () => {
      const text = await read(page);
      const own = [...text.matchAll(/(?:~|(?<![\w/])\/mle_sam)\/[a-z_/]+/g)].map(([name]) =>
        onGraph(name.replace(/\/$/, '')),
      );
      assert.ok(own.length > OUTPUTS.length, `${own.length} names found`);
      assert.deepEqual(
        [...new Set(own)].filter((name) => !KNOWN.has(name)),
        [],
      );
      const remapped = [...text.matchAll(/([a-z_/]+):=\/[a-z]/g)].map(([, name = '']) => name);
      assert.deepEqual(
        [...new Set(remapped)].filter((name) => !INPUTS.includes(name) && !LAUNCH_ARGUMENTS.includes(name)),
        [],
      );
    });

    it(`names only parameters there are, in ${page}`, async () => {
      const text = await read(page);
      const known = new Set(
        parameterTable(RIG).flatMap(({ name }) => [
          name,
          name.replace(/^modalities\.\w+/, 'modalities.<m>'),
          name.replace(/^outputs\.\w+\.(publish|qos)/, 'outputs.<o>.$1'),
        ]),
      );
      const named = [...text.matchAll(/\b(?:modalities|outputs|sync)\.(?:<\w>\.)?\w[\w.]*\w/g)].map(([name]) => name);
      assert.ok(named.length > 20, `${named.length} names found`);
      assert.deepEqual(
        [...new Set(named)].filter((name) => !known.has(name)),
        [],
      );
    });
  }

  it('links only to places there are', async () => {
    const page = await read('docs', 'node.md');
    const anchors = [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    );
    for (const [, target = ''] of page.matchAll(/\]\(([^)]+)\)/g)) {
      if (target.startsWith('https://')) continue;
      if (target.startsWith('#')) assert.ok(anchors.includes(target.slice(1)), target);
      else await read('docs', target.replace(/#.*/, ''));
    }
  });
});

describe('Foxglove layout', () => {
  type Split = { first: Split | string; second: Split | string };
  interface Layout {
    configById: Record<string, unknown>;
    layout: Split;
  }
  let layout: Layout;
  before(async () => {
    layout = JSON.parse(await read('config', 'foxglove', 'mle_sam.json')) as Layout;
  });

  it('shows each panel that is configured once, and no other', () => {
    const panels = (node: Split | string): string[] =>
      typeof node === 'string' ? [node] : [...panels(node.first), ...panels(node.second)];
    assert.deepEqual(panels(layout.layout).sort(), Object.keys(layout.configById).sort());
  });

  it('reads only topics the node reads or publishes', () => {
    const texts: string[] = [];
    JSON.stringify(layout.configById, (_, value: unknown) => {
      if (typeof value === 'string' && value.startsWith('/')) texts.push(value);
      return value;
    });
    assert.ok(texts.length >= 10, texts.join(' '));
    assert.deepEqual(
      texts.map((text) => text.replace(/\..*$/, '')).filter((name) => !KNOWN.has(name)),
      [],
    );
  });
});

describe('RViz layout', () => {
  interface Display {
    Name: string;
    Class: string;
    Topic?: { Value: string; 'Reliability Policy': string; Depth: number };
  }

  it('shows topics the node reads or publishes, with a QoS that fits', async () => {
    const rviz = parseYaml(await read('config', 'rviz', 'mle_sam.rviz')) as {
      'Visualization Manager': { Displays: Display[]; 'Global Options': Record<string, string> };
    };
    const { Displays, 'Global Options': options } = rviz['Visualization Manager'];
    assert.equal(options['Fixed Frame'], 'base_link');
    assert.ok(
      Displays.every((display) => display.Class.startsWith('rviz_default_plugins/')),
      'only plugins of RViz itself',
    );
    const topics = Displays.flatMap(({ Topic }) => Topic ?? []);
    assert.ok(topics.length >= 3, `${topics.length} topics`);
    for (const { Value, 'Reliability Policy': reliability } of topics) {
      assert.ok(KNOWN.has(Value), Value);
      // Drivers may publish best effort, of which a reliable display would show nothing.
      if (!Value.startsWith('/mle_sam/')) assert.equal(reliability, 'Best Effort', Value);
    }
  });
});

describe('SROS2 policy', () => {
  let policy: string;
  before(async () => {
    policy = await read('config', 'sros2_policy.xml');
  });

  function granted(kind: 'topics publish' | 'topics subscribe' | 'services reply'): string[] {
    const [tag] = kind.split(' ');
    const block = new RegExp(`<${kind}="ALLOW">([\\s\\S]*?)</${tag}>`).exec(policy)?.[1] ?? '';
    return [...block.matchAll(/<(?:topic|service)>([^<]+)</g)].map(([, name = '']) => name);
  }

  it('lets the node publish what it publishes, and nothing else', () => {
    const ofEveryNode = ['/parameter_events', '/rosout', '~/transition_event'];
    assert.deepEqual(granted('topics publish').sort(), [...OUTPUTS, ...ofEveryNode].sort());
  });

  it('lets the node hear what it reads, and nothing else', () => {
    const ofEveryNode = ['/clock', '/parameter_events'];
    assert.deepEqual(granted('topics subscribe').sort(), [...new Set([...INPUTS, ...ofEveryNode])].sort());
  });

  it('lets it answer as a managed node with parameters', () => {
    const services = granted('services reply');
    assert.equal(new Set(services).size, services.length);
    assert.ok(
      services.every((name) => name.startsWith('~/')),
      services.join(' '),
    );
    assert.ok(services.includes('~/set_modality') && services.includes('~/change_state'), services.join(' '));
  });
});
