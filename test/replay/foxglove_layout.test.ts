import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { BagWriter, openBag } from '../../src/bags/index.js';
import { type CompressedImage, decodeMessage, encodeMessage, type Image } from '../../src/messages/index.js';
import { DEFAULT_PIPELINE_CONFIG, type DiagnosticArray } from '../../src/pipeline/index.js';
import { MASK_TOPICS, replayBag, TRUTH_TOPIC } from '../../src/replay/index.js';
import { projectRoot } from '../support/shared_data.js';
import { TINY_TOPICS, tinyDrive } from '../support/tiny_rig.js';

const SIZE = { width: 64, height: 32 };

interface Panel {
  imageMode?: { imageTopic: string; calibrationTopic?: string };
  topicToRender?: string;
  selectedHardwareId?: string;
  selectedName?: string;
  topics?: Record<string, { visible: boolean; colorField?: string }>;
  paths?: { value: string }[];
}

/** `/topic.status[:]{name=="a"}.values[:]{key=="b"}.value`, the one form of path that the layout has. */
const PATH = /^(?<topic>\/[\w/]+)\.status\[:\]\{name=="(?<name>[^"]+)"\}\.values\[:\]\{key=="(?<key>[^"]+)"\}\.value$/;

describe('config/foxglove/mle_sam.json with the masks.mcap of a replay', () => {
  let folder: string;
  let panels: Map<string, Panel>;
  /** By rate of the replay, what masks.mcap holds by topic. */
  const bags = new Map<string, Map<string, { type: string; data: Uint8Array }[]>>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mle-sam-layout-'));
    const layout = await readFile(join(projectRoot, 'config', 'foxglove', 'mle_sam.json'), 'utf8');
    panels = new Map(Object.entries((JSON.parse(layout) as { configById: Record<string, Panel> }).configById));
    const bag = await writeDrive();
    for (const rate of ['max', 'realtime'] as const) bags.set(rate, await replayed(bag, rate));
  });
  after(() => rm(folder, { recursive: true }));

  /** The tiny rig, its camera silent for a while, with ground truth. */
  async function writeDrive(): Promise<string> {
    const path = join(folder, 'drive.mcap');
    const writer = await BagWriter.create(path);
    const silent = [{ modality: 'camera', from: 0.8, until: 1.6 }] as const;
    for (const { topic, type, data, receiveStamp } of tinyDrive({ seconds: 2.5, silent })) {
      await writer.write({ topic, type, data, logTime: receiveStamp });
      if (topic !== TINY_TOPICS.camera) continue;
      const { header } = decodeMessage<Image>({ topic, type, data, receiveStamp });
      const labels = { header, ...SIZE, encoding: 'mono8', is_bigendian: 0, step: 64, data: new Uint8Array(64 * 32) };
      const truth = { topic: '/ground_truth/labels', type, data: encodeMessage(type, labels) };
      await writer.write({ ...truth, logTime: receiveStamp });
    }
    await writer.close();
    return path;
  }

  async function replayed(bag: string, rate: 'max' | 'realtime') {
    const { paths } = await replayBag({
      bag,
      model: join(projectRoot, 'test', 'fixtures', 'tiny-bundle'),
      out: join(folder, rate),
      rate,
      points: 'labelled',
      provider: 'cpu',
      threads: 1,
      config: { ...DEFAULT_PIPELINE_CONFIG, topics: { modalities: TINY_TOPICS } },
    });
    const masks = await openBag(paths.masks);
    const messages = new Map<string, { type: string; data: Uint8Array }[]>();
    for await (const { topic, type, data } of masks.messages()) {
      const sofar = messages.get(topic) ?? [];
      sofar.push({ type, data: data.slice() });
      messages.set(topic, sofar);
    }
    await masks.close();
    return messages;
  }

  /** Values of a path over all messages. */
  function valuesOf(path: string, rate: string): string[] {
    const { topic = '', name, key } = PATH.exec(path)?.groups ?? {};
    assert.notEqual(topic, '', path);
    return (bags.get(rate)!.get(topic) ?? []).flatMap(({ type, data }) =>
      decodeMessage<DiagnosticArray>({ topic, type, data, receiveStamp: 0n })
        .status.filter((status) => status.name === name)
        .flatMap(({ values }) => values.filter((pair) => pair.key === key).map(({ value }) => value)),
    );
  }

  it('has data for every picture, cloud and status that it shows', () => {
    const bag = bags.get('max')!;
    const shown: string[] = [];
    for (const { imageMode, topicToRender, topics = {} } of panels.values()) {
      if (imageMode) shown.push(imageMode.imageTopic, imageMode.calibrationTopic ?? imageMode.imageTopic);
      if (topicToRender !== undefined) shown.push(topicToRender);
      shown.push(...Object.keys(topics));
    }
    assert.ok(shown.length >= 9, shown.join());
    for (const topic of shown) assert.ok((bag.get(topic)?.length ?? 0) >= 1, `nothing on ${topic}`);
  });

  it('has data for every curve; times of this machine only where a run need not be equal to the next', () => {
    for (const { paths = [] } of panels.values()) {
      for (const { value } of paths) {
        const isWallTime = /"(total|inference|decode)_ms"/.test(value);
        assert.ok(valuesOf(value, 'realtime').length > 0, `nothing of ${value} with --rate realtime`);
        assert.equal(valuesOf(value, 'max').length > 0, !isWallTime, value);
        if (!value.includes('"state"')) {
          for (const text of valuesOf(value, 'max')) assert.ok(Number.isFinite(Number(text)), `${value}: ${text}`);
        }
      }
    }
  });

  it('tells the states of the sensors, the lost one among them', () => {
    const states = panels.get('StateTransitions!sensors')!.paths!.map(({ value }) => valuesOf(value, 'max'));
    assert.equal(states.length, 4);
    assert.ok(states[0]!.includes('dropped') && states[0]!.at(-1) === 'active', states[0]!.join());
  });

  it('finds the status it has chosen', () => {
    const { topicToRender = '', selectedHardwareId, selectedName } = panels.get('DiagnosticStatusPanel!one')!;
    const { type, data } = bags.get('max')!.get(topicToRender)!.at(-1)!;
    const { status } = decodeMessage<DiagnosticArray>({ topic: topicToRender, type, data, receiveStamp: 0n });
    assert.ok(status.some((one) => one.hardware_id === selectedHardwareId && one.name === selectedName));
  });

  it('has mask, coloured mask, confidence and overlay of one size, one of each a mask', async () => {
    const bag = bags.get('max')!;
    const { mask, maskColor, confidence, overlay, maskInfo } = MASK_TOPICS;
    const masks = bag.get(mask)!.length;
    for (const topic of [maskColor, confidence, overlay, maskInfo]) assert.equal(bag.get(topic)?.length, masks, topic);
    for (const topic of [maskColor, overlay, TRUTH_TOPIC]) {
      const { type, data } = bag.get(topic)![0]!;
      const picture = decodeMessage<CompressedImage>({ topic, type, data, receiveStamp: 0n });
      const { width, height } = await sharp(picture.data).metadata();
      assert.deepEqual({ width, height }, SIZE, topic);
    }
  });
});
