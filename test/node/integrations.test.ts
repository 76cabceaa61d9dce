import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { OUTPUT_TOPICS } from '../../src/configuration/topics.js';
import { loadBundle } from '../../src/model/index.js';
import { nodeDiagnostics } from '../../src/node/diagnostics/index.js';
import { labelInfo } from '../../src/pipeline/index.js';
import { projectRoot } from '../support/shared_data.js';
import { nodeReport } from './support/report.js';

const read = (name: string) => parse(readFileSync(join(projectRoot, 'config', name), 'utf8'));

interface ClassType {
  classes: string[];
  base_cost: number;
  max_cost: number;
  mark_confidence?: number;
  samples_to_max_cost?: number;
}

/** The rules of kiwicampus/semantic_segmentation_layer, as of its source of April 2026. */
describe('config/nav2_semantic_layer.yaml', () => {
  const layer =
    read('nav2_semantic_layer.yaml').local_costmap.local_costmap.ros__parameters.semantic_segmentation_layer;
  const source = layer[layer.observation_sources];
  const types: ClassType[] = source.class_types.map((name: string) => source[name]);

  it('gives every class of the labels a cost, each once: others are called a critical error and ignored', async () => {
    const bundle = await loadBundle(join(projectRoot, 'models', 'reference'));
    const { class_map } = labelInfo({ stamp: { sec: 0, nanosec: 0 }, frame_id: '' }, bundle);
    const named = types.flatMap(({ classes }) => classes);
    assert.deepEqual([...named].sort(), class_map.map(({ class_name }) => class_name).sort());
  });

  it('has costs and thresholds in the range of bytes', () => {
    for (const { base_cost, max_cost, mark_confidence = 0, samples_to_max_cost = 0 } of types) {
      for (const value of [base_cost, max_cost]) assert.ok(value >= 0 && value <= 254, `${value}`);
      assert.ok(base_cost <= max_cost);
      assert.ok(mark_confidence >= 0 && mark_confidence <= 255 && samples_to_max_cost >= 0);
    }
  });

  it('reads the topics the node publishes, in types and QoS the layer can receive', () => {
    const wanted = [
      ['segmentation_topic', 'sensor_msgs/msg/Image', 'volatile'],
      ['confidence_topic', 'sensor_msgs/msg/Image', 'volatile'],
      // Subscribed latched, and reliably.
      ['labels_topic', 'vision_msgs/msg/LabelInfo', 'transient_local'],
    ] as const;
    for (const [key, type, durability] of wanted) {
      const output = OUTPUT_TOPICS.find(({ name }) => name.replace('~', '/mle_sam') === source[key]);
      assert.deepEqual(
        [output?.type, output?.durability, output?.qos.reliability],
        [type, durability, 'reliable'],
        key,
      );
    }
  });

  it('pairs by exact time, which a mask allows: it has the stamp of its image', () => {
    assert.equal(layer.use_approximate_time_sync, false);
  });
});

/** By the parameters that diagnostic_aggregator's GenericAnalyzer reads, as of its source. */
describe('config/diagnostics_aggregator.yaml', () => {
  const { path, ...analyzers } = read('diagnostics_aggregator.yaml').analyzers.ros__parameters;
  const KNOWN = ['type', 'path', 'regex', 'num_items', 'timeout'];

  it('has analyzers of a type that is there, with parameters of the right type', () => {
    assert.equal(typeof path, 'string');
    for (const analyzer of Object.values<Record<string, unknown>>(analyzers)) {
      assert.equal(analyzer.type, 'diagnostic_aggregator/GenericAnalyzer');
      for (const key of Object.keys(analyzer)) assert.ok(KNOWN.includes(key), key);
      assert.ok(Array.isArray(analyzer.regex));
    }
    // Read as a double: ROS would refuse 5.
    const text = readFileSync(join(projectRoot, 'config', 'diagnostics_aggregator.yaml'), 'utf8');
    assert.ok([...text.matchAll(/timeout: (\S+)/g)].every(([, value]) => /^\d+\.\d+$/.test(value!)));
  });

  for (const nodeName of ['mle_sam', 'front/mle_sam']) {
    it(`matches every status of ${nodeName} once, and no other`, () => {
      const matching = (name: string) =>
        Object.entries<{ regex: string[] }>(analyzers)
          .filter(([, { regex }]) => regex.some((pattern) => new RegExp(`^(?:${pattern})$`).test(name)))
          .map(([key]) => key);
      const names = nodeDiagnostics(nodeReport({ nodeName })).status.map(({ name }) => name);
      const expected = ['masks', 'masks', 'sensors', 'sensors'];
      assert.deepEqual(
        names.map(matching),
        expected.map((key) => [key]),
      );
      assert.equal(names.filter((name) => matching(name)[0] === 'masks').length, analyzers.masks.num_items);
      for (const name of ['battery', 'zed: camera', 'not_mle_sam: camera']) assert.deepEqual(matching(name), [], name);
    });
  }
});
