import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { CLASS } from '../../src/simulation/classes.js';
import { CONDITIONS, type Condition, createWeather } from '../../src/simulation/conditions.js';
import {
  DATASET_MODALITIES,
  type FramePlan,
  framePath,
  planFrames,
} from '../../src/simulation/dataset/dataset_layout.js';
import { FrameWriter } from '../../src/simulation/dataset/frame_writer.js';
import { writeDataset } from '../../src/simulation/index.js';
import { composePoses } from '../../src/simulation/pose.js';
import { APPEARANCE_STRIDE } from '../../src/simulation/primitives.js';
import { Caster } from '../../src/simulation/render/caster.js';
import { distort } from '../../src/simulation/render/intrinsics.js';
import { PinholeGrid } from '../../src/simulation/render/pinhole_grid.js';
import { Renderer } from '../../src/simulation/render/renderer.js';
import { SpinningGrid } from '../../src/simulation/render/spinning_grid.js';
import { exposeCamera } from '../../src/simulation/sensors/camera.js';
import { RIG, type Rig } from '../../src/simulation/sensors/rig_geometry.js';
import { createLook, type Look } from '../../src/simulation/variety/look.js';
import { varyRig } from '../../src/simulation/variety/vary_rig.js';
import { varyWeather } from '../../src/simulation/variety/vary_weather.js';
import { World } from '../../src/simulation/world/world.js';
import { quarterCamera } from './support/scenes.js';

/** Looks of `wide` scenes under a condition. */
function looksOf(condition: Condition, count: number): Look[] {
  const drawn = Array.from({ length: 3 * count }, (_, k) => createLook('wide', condition, `${condition}/${k}`));
  return drawn.filter((look): look is Look => look !== undefined).slice(0, count);
}

describe('plain scenes', () => {
  // Recorded before scenes could vary. Held-out sets and the sample bag rest on these pictures.
  const RECORDED: Readonly<Record<Condition, string>> = {
    cloud: '1b05da52550f916e',
    fog: '76f958f0259e8d98',
    night: '531b76e5a985ff5f',
    rain: '0e22470dd7c6e411',
    sun: 'ffa8757daad7257b',
  };
  for (const condition of CONDITIONS) {
    it(`are what they always were: ${condition}`, () => {
      assert.equal(plainDigest(condition), RECORDED[condition]);
    });
  }

  function plainDigest(condition: Condition): string {
    const grid = new PinholeGrid(quarterCamera());
    const renderer = new Renderer(grid);
    const world = new World('as ever', 1);
    const ego = world.egoPose(0.3);
    const weather = createWeather(condition, 'as ever');
    const lighting = { weather, ego, lamps: world.lamps };
    const hits = renderer.render(world.sceneAt(0.3), composePoses(ego, RIG.camera.pose), lighting);
    const shot = { weather, failure: undefined, seed: 'as ever' };
    const rgb = exposeCamera(renderer.radiance, grid.width, grid.height, shot);
    return createHash('sha256').update(rgb).update(hits.label).digest('hex').slice(0, 16);
  }
});

describe('plan of a wide data set', () => {
  const plans = planFrames('train', 3000, 1, 'wide');

  it('leaves about a quarter of the scenes plain, the very frames of the plain plan', () => {
    const plain = planFrames('train', 3000, 1);
    const kept = plans.filter(({ look }) => look === undefined);
    assert.ok(kept.length > 600 && kept.length < 900, `${kept.length} of 3000`);
    for (const plan of kept) assert.deepEqual(plan, plain[plan.frame]);
  });

  it('blinds the camera most often by night, and files such frames under the failure it looks like', () => {
    const share = (isNight: boolean) => {
      const some = plans.filter(({ condition, look }) => look !== undefined && (condition === 'night') === isNight);
      return some.filter(({ look }) => look?.challenge !== undefined).length / some.length;
    };
    assert.ok(share(true) > 0.4 && share(true) < 0.65, `${share(true)}`);
    assert.ok(share(false) > 0.1 && share(false) < 0.3, `${share(false)}`);
    for (const { look, failure } of plans) {
      if (look?.challenge === 'fastTurn' || look?.challenge === 'longExposure') assert.equal(failure, 'motionblur');
      if (look?.challenge === 'dazzle') assert.equal(failure, 'overexposure');
    }
  });

  it('begins with the plan of a smaller set', () => {
    assert.deepEqual(plans.slice(0, 300), planFrames('train', 300, 1, 'wide'));
  });
});

describe('what varies in wide scenes', function () {
  this.timeout(120_000);
  const looks = looksOf('sun', 40);
  const rigs = Array.from({ length: 40 }, (_, k) => varyRig(`rig ${k}`));
  const weathers = (condition: Condition) =>
    looksOf(condition, 40).map((look) => varyWeather(createWeather(condition, 1), look.seed));
  const luminance = ([r, g, b]: readonly [number, number, number]) => 0.25 * r + 0.6 * g + 0.15 * b;

  /** Each has a value for every draw; the 90th percentile is at least `ratio` times the 10th. */
  const cases: readonly (readonly [name: string, values: () => number[], ratio: number])[] = [
    ['exposure', () => looks.map(({ camera }) => camera.exposure), 1.5],
    ['white balance', () => looks.map(({ camera }) => camera.balance[0] / camera.balance[2]), 1.4],
    ['saturation', () => looks.map(({ camera }) => camera.saturation), 1.5],
    ['gamma', () => looks.map(({ camera }) => camera.gamma), 1.3],
    ['contrast', () => looks.map(({ camera }) => camera.contrast), 1.3],
    ['vignette', () => looks.map(({ camera }) => camera.vignette), 3],
    ['noise', () => looks.map(({ camera }) => camera.noise), 2],
    ['focus', () => looks.map(({ camera }) => 1 + camera.defocus), 2],
    ['threshold of the event camera', () => looks.map(({ eventThreshold }) => eventThreshold), 1.5],
    ['intensity of the LiDAR', () => looks.map(({ intensity }) => intensity[0]), 1.8],
    ['height of the sun', () => weathers('sun').map(({ sunDirection }) => sunDirection[2]), 2.5],
    ['strength of the sun', () => weathers('sun').map(({ sun }) => sun[0]), 1.6],
    ['colour of the sun', () => weathers('sun').map(({ sun }) => sun[0] / sun[2]), 1.2],
    ['sky over sun', () => weathers('sun').map(({ skyZenith }) => luminance(skyZenith)), 1.8],
    ['light of clouds', () => weathers('cloud').map(({ ambient }) => luminance(ambient)), 1.6],
    ['sight in fog', () => weathers('fog').map(({ extinction }) => extinction), 4],
    ['rain', () => weathers('rain').map(({ rain }) => rain), 2.5],
    ['light of nights', () => weathers('night').map(({ ambient }) => luminance(ambient)), 8],
    ['headlights', () => weathers('night').map(({ headlights }) => headlights), 2],
    ['focal length', () => rigs.map(({ camera }) => camera.intrinsics.fx), 1.6],
    ['height of the camera', () => rigs.map(({ camera }) => camera.pose.z), 1.5],
    ['place of the camera', () => rigs.map(({ camera }) => 1 + camera.pose.x), 1.5],
    ['tilt of the camera', () => rigs.map(({ camera }) => 1 - 10 * camera.pose.rotation[8]!), 1.3],
    ['rings of the LiDAR', () => rigs.map(({ lidar }) => lidar.elevations.length), 2.5],
    ['vertical field of the LiDAR', () => rigs.map(({ lidar: { elevations: e } }) => e[0]! - e.at(-1)!), 1.3],
    ['asphalt', () => worlds.map(({ street }) => street.layout.asphalt[1]), 3],
    ['paving', () => worlds.map(({ street }) => street.layout.paving[1]), 2],
    ['grass', () => worlds.map(({ street }) => street.layout.grass[1]), 1.6],
    ['houses', () => brightness(CLASS.building), 3],
    ['walls', () => brightness(CLASS.wall), 3],
    ['vegetation', () => brightness(CLASS.vegetation), 4],
    ['cars', () => brightness(CLASS.car), 10],
    ['clothes', () => brightness(CLASS.person), 5],
    ['things that stand about', () => worlds.map((world) => world.sceneAt(0.3).primitives.count), 1.2],
  ];
  let worlds: World[];
  before(() => {
    worlds = looks.slice(0, 30).map((look, k) => new World(`wide ${k}`, 1, look));
  });

  /** Green albedo of every primitive of a class, over all worlds. */
  function brightness(classId: number): number[] {
    return worlds.flatMap((world) => {
      const { primitives: p } = world.sceneAt(0.3);
      return Array.from({ length: p.count }, (_, i) => i)
        .filter((i) => p.classId[i] === classId)
        .map((i) => 0.001 + p.appearance[i * APPEARANCE_STRIDE + 1]!);
    });
  }

  for (const [name, valuesOf, ratio] of cases) {
    it(name, () => {
      const values = valuesOf().sort((a, b) => a - b);
      const low = values[Math.floor(0.1 * values.length)]!;
      const high = values[Math.floor(0.9 * (values.length - 1))]!;
      assert.ok(high >= ratio * low, `10th percentile ${low}, 90th ${high}`);
    });
  }

  it('whatever is drawn stays what a camera, a LiDAR and albedo can be', () => {
    for (const { camera, lidar } of rigs) {
      assert.ok(camera.pose.z > 0.9 && camera.pose.z < 2.6);
      assert.ok(lidar.elevations.every((e, ring) => ring === 0 || e < lidar.elevations[ring - 1]!));
    }
    for (const world of worlds) {
      const { primitives: p } = world.sceneAt(0.3);
      for (let i = 0; i < p.count; i++) {
        for (let c = 0; c < 6; c++) {
          const albedo = p.appearance[i * APPEARANCE_STRIDE + c]!;
          assert.ok(albedo >= 0 && albedo <= 1, `${albedo}`);
        }
      }
    }
  });
});

describe('labels of wide scenes', function () {
  this.timeout(120_000);

  it('agree with what the LiDAR of the same rig meets, through pose, lens and distortion', () => {
    for (let k = 0; k < 4; k++) {
      const rig = varyRig(`labels ${k}`);
      const [look] = looksOf('cloud', k + 1).slice(-1);
      const world = new World(`labels ${k}`, 1, look);
      assert.ok(agreement(rig, world) > 0.9, `rig ${k}: ${agreement(rig, world)}`);
    }
  });

  it('say sky exactly where nothing is met', () => {
    const [look] = looksOf('sun', 1);
    const world = new World('sky', 1, look);
    const rig = varyRig('sky');
    const caster = new Caster(new PinholeGrid(rig.camera.intrinsics));
    const hits = caster.cast(world.sceneAt(0.3), composePoses(world.egoPose(0.3), rig.camera.pose));
    for (let i = 0; i < hits.label.length; i++) {
      if (hits.veilDistance[i]! < hits.distance[i]!) continue;
      assert.equal(hits.label[i] === CLASS.sky, hits.distance[i] === Number.POSITIVE_INFINITY);
    }
  });

  /** Share of LiDAR points whose class the camera's label at their projection repeats. */
  function agreement(rig: Rig, world: World): number {
    const ego = world.egoPose(0.3);
    const lidar = new Caster(new SpinningGrid(rig.lidar.elevations, rig.lidar.columns, rig.lidar.sector));
    const points = lidar.cast(world.sceneAt(0.3), composePoses(ego, rig.lidar.pose));
    const camera = new Caster(new PinholeGrid(rig.camera.intrinsics));
    const pose = composePoses(ego, rig.camera.pose);
    const seen = camera.cast(world.sceneAt(0.3), pose);
    const { intrinsics: k } = rig.camera;
    const pixel = new Float64Array(2);
    let [same, all] = [0, 0];
    for (let i = 0; i < points.distance.length; i++) {
      const t = points.distance[i]!;
      if (!(t < 80)) continue;
      const [x, y, z] = [
        lidar.rays.originX + t * lidar.rays.x[i]! - pose.x,
        lidar.rays.originY + t * lidar.rays.y[i]! - pose.y,
        lidar.rays.originZ + t * lidar.rays.z[i]! - pose.z,
      ];
      const r = pose.rotation;
      const depth = r[2]! * x + r[5]! * y + r[8]! * z;
      if (depth < 1) continue;
      const [nx, ny] = [(r[0]! * x + r[3]! * y + r[6]! * z) / depth, (r[1]! * x + r[4]! * y + r[7]! * z) / depth];
      if (Math.hypot(nx, ny) > 1.3) continue;
      distort(nx, ny, k, pixel);
      const u = Math.round(k.fx * pixel[0]! + k.cx);
      const v = Math.round(k.fy * pixel[1]! + k.cy);
      if (u < 0 || v < 0 || u >= k.width || v >= k.height) continue;
      // Points the camera cannot see, as something nearer hides them from it, say nothing.
      if (Math.abs(seen.distance[v * k.width + u]! - depth) > 0.03 * depth) continue;
      all++;
      if (seen.label[v * k.width + u] === points.label[i]) same++;
    }
    assert.ok(all > 500, `${all} points in view`);
    return same / all;
  }
});

describe('frames of a wide data set', function () {
  this.timeout(240_000);
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'mle-sam-wide-'));
  });
  after(() => rm(root, { recursive: true }));

  async function pixels(folder: string, plan: FramePlan): Promise<string> {
    const digest = createHash('sha256');
    for (const { folder: kind, suffix } of [...DATASET_MODALITIES, { folder: 'semantic', suffix: 'semantic' }]) {
      digest.update(
        await sharp(join(folder, framePath(plan, kind, suffix)))
          .raw()
          .toBuffer(),
      );
    }
    return digest.digest('hex');
  }

  it('are the same whoever writes them in whichever order', async () => {
    const plans = planFrames('train', 400, 3, 'wide');
    const varied = plans.filter(({ look }) => look !== undefined);
    const first = varied[0]!;
    const challenged = varied.find(({ look }) => look?.challenge === 'dazzle')!;
    const otherRig = varied.find(({ rigSeed }) => rigSeed !== first.rigSeed)!;
    const [one, other] = [join(root, 'one'), join(root, 'other')];
    const writer = new FrameWriter(one);
    for (const plan of [first, challenged]) await writer.write(plan);
    const later = new FrameWriter(other);
    for (const plan of [otherRig, challenged, plans.find(({ look }) => look === undefined)!, first])
      await later.write(plan);
    for (const plan of [first, challenged]) assert.equal(await pixels(one, plan), await pixels(other, plan));
  });

  it('are never mixed with plain ones', async () => {
    const options = { root: join(root, 'set'), seed: 3, frames: { train: 0, val: 1, test: 0 }, workers: 1 };
    await writeDataset({ ...options, variety: 'wide' });
    assert.equal(JSON.parse(await readFile(join(options.root, 'dataset.json'), 'utf8')).variety, 'wide');
    await assert.rejects(writeDataset(options), /plain one of seed 3.*holds the wide data set of seed 3.*--force/s);
  });
});
