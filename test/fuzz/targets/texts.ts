import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { loadCameraInfo, loadConfiguration, loadMounts } from '../../../src/configuration/index.js';
import { parseScenario } from '../../../src/faults/index.js';
import { parseManifest } from '../../../src/model/index.js';
import { parameterSections } from '../../../src/ros/parameter_sections.js';
import { parseDrive } from '../../../src/simulation/index.js';
import { projectRoot } from '../../support/shared_data.js';
import type { FuzzTarget } from '../target.js';

const folder = mkdtempSync(join(tmpdir(), 'mle-sam-fuzz-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytesOf = (text: string) => new TextEncoder().encode(text);
const fileOf = (path: string) => new Uint8Array(readFileSync(join(projectRoot, path)));
const show = (value: unknown) =>
  JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${item}n` : item)) ?? 'nothing';

function fileTarget(
  name: string,
  weight: number,
  seeds: () => Uint8Array[],
  read: (path: string) => Promise<unknown>,
): FuzzTarget {
  const path = join(folder, name);
  return {
    name: name.replace(/\..*/, ''),
    weight,
    form: 'text',
    seeds: async () => seeds(),
    async run(input) {
      writeFileSync(path, input);
      return show(await read(path));
    },
  };
}

const MODALITIES = [
  { name: 'camera', role: 'camera' },
  { name: 'depth', role: 'depth' },
  { name: 'events', role: 'events' },
  { name: 'lidar', role: 'lidar' },
] as const;

const CALIBRATION = `image_width: 640
image_height: 480
camera_name: left
camera_matrix: {rows: 3, cols: 3, data: [500, 0, 320, 0, 500, 240, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [0.1, -0.2, 0, 0, 0]}
rectification_matrix: {rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}
projection_matrix: {rows: 3, cols: 4, data: [500, 0, 320, 0, 0, 500, 240, 0, 0, 0, 1, 0]}
`;
const URDF = `<?xml version="1.0"?>
<robot name="r">
  <link name="base_link"/><link name="camera"/>
  <joint name="j" type="fixed"><parent link="base_link"/><child link="camera"/><origin xyz="1 0 0.5" rpy="0 0.1 0"/></joint>
</robot>
`;
const DRIVE = `stretches:
  - { seconds: 3, condition: cloud }
  - { seconds: 4, condition: night, failure: motion-blur }
outages:
  - { topic: /lidar/points, from: 2, until: 3 }
`;

export const textTargets: readonly FuzzTarget[] = [
  fileTarget(
    'configuration.yaml',
    6,
    () => [
      fileOf('config/mle_sam.yaml'),
      bytesOf(
        'base_frame: base_link\nsync: { deadline_ms: 100 }\nmodalities:\n  camera: { topic: /c/image }\n  lidar: { offset_ms: 3.5 }\n',
      ),
    ],
    (path) => loadConfiguration(path, MODALITIES).then(({ config, notes }) => ({ config, notes })),
  ),
  {
    name: 'parameter-file',
    weight: 5,
    form: 'text',
    seeds: async () => [fileOf('config/mle_sam.yaml')],
    async run(input) {
      const file = parameterSections(textOf(input));
      return show(file?.sections.map(({ node, parameters }) => [node, parameters.map(({ name }) => name)]));
    },
  },
  {
    name: 'scenario',
    weight: 8,
    form: 'text',
    async seeds() {
      const scenarios = 'config/scenarios';
      return readdirSync(join(projectRoot, scenarios)).map((name) => fileOf(join(scenarios, name)));
    },
    run: async (input) => show(parseScenario(textOf(input), 'a.yaml')),
  },
  {
    name: 'manifest',
    weight: 5,
    form: 'text',
    seeds: async () => [fileOf('models/reference/model.json'), fileOf('test/fixtures/tiny-bundle/model.json')],
    run: async (input) => show(parseManifest(textOf(input))),
  },
  {
    name: 'drive',
    weight: 4,
    form: 'text',
    seeds: async () => [bytesOf(DRIVE)],
    async run(input) {
      let document: unknown;
      try {
        document = parse(textOf(input), { logLevel: 'error' });
      } catch {
        return 'no YAML';
      }
      return show(parseDrive(document, 'drive.yaml'));
    },
  },
  fileTarget(
    'calibration.yaml',
    6,
    () => [bytesOf(CALIBRATION)],
    (path) => loadCameraInfo(path, 'camera', 'raw'),
  ),
  fileTarget(
    'mounts.urdf',
    5,
    () => [bytesOf(URDF)],
    (path) => loadMounts([path]),
  ),
];
