import assert from 'node:assert/strict';
import { SIMULATED_CLASSES } from '../../src/simulation/classes.js';
import { CONDITIONS, createWeather } from '../../src/simulation/conditions.js';
import { composePoses } from '../../src/simulation/pose.js';
import { Caster } from '../../src/simulation/render/caster.js';
import { PinholeGrid } from '../../src/simulation/render/pinhole_grid.js';
import { Renderer } from '../../src/simulation/render/renderer.js';
import { RIG } from '../../src/simulation/sensors/rig_geometry.js';
import { World } from '../../src/simulation/world/world.js';
import { quarterCamera } from './support/scenes.js';

const grid = new PinholeGrid(quarterCamera());

function render(seed: string, condition: (typeof CONDITIONS)[number], time = 0.3) {
  const world = new World(seed, 1);
  const renderer = new Renderer(grid);
  const ego = world.egoPose(time);
  const lighting = { weather: createWeather(condition, seed), ego, lamps: world.lamps };
  const hits = renderer.render(world.sceneAt(time), composePoses(ego, RIG.camera.pose), lighting);
  return { radiance: renderer.radiance, hits };
}

const mean = (values: Float32Array) => values.reduce((sum, value) => sum + Math.min(2, value), 0) / values.length;

describe('world', () => {
  it('shows every class in a good part of the scenes, with a fair share of the pixels', () => {
    const scenes = 40;
    const caster = new Caster(grid);
    const pixels = new Float64Array(SIMULATED_CLASSES.length);
    const frames = new Float64Array(SIMULATED_CLASSES.length);
    for (let k = 0; k < scenes; k++) {
      const world = new World(`shares ${k}`, 1);
      const { label } = caster.cast(world.sceneAt(0.5), composePoses(world.egoPose(0.5), RIG.camera.pose));
      const here = new Float64Array(SIMULATED_CLASSES.length);
      for (const id of label) here[id]!++;
      here.forEach((count, id) => {
        pixels[id]! += count;
        if (count >= 8) frames[id]!++;
      });
    }
    for (const { id, name } of SIMULATED_CLASSES) {
      const share = pixels[id]! / (scenes * grid.width * grid.height);
      assert.ok(frames[id]! >= 0.35 * scenes, `${name} in ${frames[id]} of ${scenes} scenes`);
      assert.ok(share >= 0.004, `${name} on ${(100 * share).toFixed(2)} % of the pixels`);
    }
  });

  it('is the same for the same seed and another for another', () => {
    const [first, again, other] = [render('a', 'rain'), render('a', 'rain'), render('b', 'rain')];
    assert.deepEqual(first.radiance, again.radiance);
    assert.deepEqual(first.hits.label, again.hits.label);
    assert.notDeepEqual(first.hits.label, other.hits.label);
  });

  it('looks the same at a time, whatever was looked at before', () => {
    const world = new World('order', 2);
    const cast = (time: number) =>
      new Caster(grid).cast(world.sceneAt(time), composePoses(world.egoPose(time), RIG.camera.pose)).distance;
    const before = cast(0.4);
    cast(1.5);
    assert.deepEqual(cast(0.4), before);
  });

  it('moves: the ego vehicle by its speed, actors on their own', () => {
    const world = new World('motion', 2);
    const [from, to] = [world.egoPose(0), world.egoPose(1)];
    const way = Math.hypot(to.x - from.x, to.y - from.y);
    assert.ok(Math.abs(way - world.ego.speed) < 0.3, `${way} m in a second`);
    assert.ok(world.ego.speed >= 8 && world.ego.speed <= 12);
    const pose = composePoses(from, RIG.camera.pose);
    const still = new Caster(grid).cast(world.sceneAt(0), pose).distance;
    assert.notDeepEqual(new Caster(grid).cast(world.sceneAt(0.5), pose).distance, still);
  });

  it('does not depend on the weather', () => {
    const labels = CONDITIONS.map((condition) => render('weather', condition).hits.label);
    for (const label of labels) assert.deepEqual(label, labels[0]);
  });

  it('is far darker by night, and hazy in fog', () => {
    const cloud = render('light', 'cloud');
    const night = render('light', 'night');
    const fog = render('light', 'fog');
    assert.ok(mean(night.radiance) < 0.03 * mean(cloud.radiance), `${mean(night.radiance)}, ${mean(cloud.radiance)}`);
    // Far things differ less from their mean in fog.
    const far = [...cloud.hits.distance.keys()].filter((i) => {
      const z = cloud.hits.distance[i]!;
      return z > 40 && z < 100;
    });
    const contrast = (radiance: Float32Array) => {
      const values = far.map((i) => radiance[3 * i + 1]!);
      const middle = values.reduce((sum, value) => sum + value, 0) / values.length;
      return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / values.length) / middle;
    };
    assert.ok(contrast(fog.radiance) < 0.4 * contrast(cloud.radiance));
  });

  it('casts shadows by sun', () => {
    const { radiance, hits } = render('shadow', 'sun');
    const road = [...hits.label.keys()].filter((i) => hits.label[i] === 0);
    const levels = road.map((i) => radiance[3 * i + 1]!).sort((a, b) => a - b);
    const [dark, bright] = [levels[Math.floor(0.02 * levels.length)]!, levels[Math.floor(0.9 * levels.length)]!];
    assert.ok(bright > 2.5 * dark, `${dark} to ${bright}`);
  });
});
