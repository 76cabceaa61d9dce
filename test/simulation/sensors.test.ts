import assert from 'node:assert/strict';
import { createWeather, type Failure } from '../../src/simulation/conditions.js';
import { poseFromAngles } from '../../src/simulation/pose.js';
import { Caster } from '../../src/simulation/render/caster.js';
import { SpinningGrid } from '../../src/simulation/render/spinning_grid.js';
import { exposeCamera } from '../../src/simulation/sensors/camera.js';
import { measureDepth } from '../../src/simulation/sensors/depth.js';
import { EventCamera } from '../../src/simulation/sensors/event_camera.js';
import { sweepLidar } from '../../src/simulation/sensors/lidar.js';
import { carMaterial, sceneWith } from './support/scenes.js';

const average = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
const deviation = (values: ArrayLike<number>) => {
  const middle = average(values);
  return Math.sqrt(average(Array.from(values, (value) => (value - middle) ** 2)));
};

describe('camera', () => {
  const [width, height] = [64, 48];
  /** Upright stripes of 4 pixels. */
  const stripes = (dark: number, bright: number) =>
    Float32Array.from({ length: 3 * width * height }, (_, i) => ((Math.floor(i / 3) % width) & 4 ? bright : dark));
  const shoot = (radiance: Float32Array, condition: 'cloud' | 'night' | 'rain', failure?: Failure) =>
    exposeCamera(radiance, width, height, { weather: createWeather(condition, 1), failure, seed: 'shot' });

  it('exposes day to the middle of its range, and leaves night dark and noisy', () => {
    const day = shoot(stripes(0.3, 1), 'cloud');
    const night = shoot(stripes(0.0005, 0.0015), 'night');
    assert.ok(average(day) > 100 && average(day) < 180, `day ${average(day)}`);
    assert.ok(average(night) < 40, `night ${average(night)}`);
    const flatDay = shoot(stripes(0.5, 0.5), 'cloud');
    const flatNight = shoot(stripes(0.0015, 0.0015), 'night');
    const relative = (picture: Uint8Array) => deviation(picture) / average(picture);
    assert.ok(relative(flatNight) > 4 * relative(flatDay), `${relative(flatNight)} ${relative(flatDay)}`);
  });

  it('repeats for a seed', () => {
    assert.deepEqual(shoot(stripes(0.2, 0.6), 'rain'), shoot(stripes(0.2, 0.6), 'rain'));
  });

  it('shows its failures', () => {
    const sound = shoot(stripes(0.2, 0.6), 'cloud');
    const over = shoot(stripes(0.2, 0.6), 'cloud', 'overexposure');
    const under = shoot(stripes(0.2, 0.6), 'cloud', 'underexposure');
    const blurred = shoot(stripes(0.2, 0.6), 'cloud', 'motionblur');
    assert.ok(average(over) > 1.4 * average(sound));
    assert.ok(average(under) < 0.45 * average(sound));
    assert.ok(deviation(blurred) < 0.5 * deviation(sound));
  });
});

describe('depth', () => {
  const flat = (metres: number) => new Float32Array(100 * 100).fill(metres);
  const measure = (metres: number, condition: 'cloud' | 'fog' | 'rain') =>
    measureDepth(flat(metres), 100, createWeather(condition, 1), 'depth');
  const known = (values: Uint16Array) => values.filter((value) => value > 0);

  it('is right on average, with noise that grows as the square of the distance', () => {
    const [near, far] = [known(measure(5, 'cloud')), known(measure(20, 'cloud'))];
    assert.ok(Math.abs(average(near) - 5000) < 20);
    assert.ok(Math.abs(average(far) - 20_000) < 150);
    const ratio = deviation(far) / deviation(near);
    assert.ok(ratio > 10 && ratio < 25, `four times as far, ${ratio} times the noise`);
  });

  it('returns nothing from the sky and from beyond 60 m', () => {
    assert.equal(known(measure(Number.POSITIVE_INFINITY, 'cloud')).length, 0);
    assert.equal(known(measure(80, 'cloud')).length, 0);
  });

  it('loses pixels and falls short in fog, and has spurious ones in rain', () => {
    const [clear, fog, rain] = [measure(25, 'cloud'), measure(25, 'fog'), measure(25, 'rain')];
    assert.ok(known(fog).length < 0.7 * known(clear).length);
    const median = (values: Uint16Array) => values.sort()[values.length >> 1]!;
    assert.ok(median(known(fog)) < 0.985 * median(known(clear)));
    assert.ok(rain.filter((value) => value > 0 && value < 8000).length > 20);
    assert.equal(clear.filter((value) => value > 0 && value < 8000).length, 0);
  });
});

describe('LiDAR', () => {
  const grid = new SpinningGrid([0.02, 0, -0.1], 64, 0.8);
  const wall = { ...carMaterial, reflectivity: 0.5 };
  const sweep = (metres: number, condition: 'cloud' | 'fog', failure?: Failure, reflectivity = 0.5) => {
    const scene = sceneWith((pen) => pen.box({ ...wall, reflectivity }, metres + 1, 0, 2, 1, 60, 3));
    const options = { weather: createWeather(condition, 1), failure, seed: 'sweep' };
    return sweepLidar(new Caster(grid), scene, poseFromAngles(0, 0, 2), options);
  };

  it('puts points on the wall they hit', () => {
    const { length, xyz, ring } = sweep(20, 'cloud');
    assert.ok(length > 120);
    for (let i = 0; i < length; i++) if (ring[i]! < 2) assert.ok(Math.abs(xyz[3 * i]! - 20) < 0.1);
    assert.deepEqual([...new Set(ring)], [0, 1, 2]);
  });

  it('gives brighter points for better reflectors and steeper incidence', () => {
    assert.ok(average(sweep(20, 'cloud', undefined, 0.9).intensity) > 1.5 * average(sweep(20, 'cloud').intensity));
  });

  it('sees less far in fog, and fog itself', () => {
    const [clear, fog] = [sweep(45, 'cloud'), sweep(45, 'fog')];
    const onWall = ({ length, xyz }: ReturnType<typeof sweep>) =>
      [...Array(length).keys()].filter((i) => xyz[3 * i]! > 40).length;
    assert.ok(onWall(fog) < 0.5 * onWall(clear), `${onWall(fog)} of ${onWall(clear)}`);
    const near = [...Array(fog.length).keys()].filter((i) => Math.hypot(fog.xyz[3 * i]!, fog.xyz[3 * i + 1]!) < 11);
    assert.ok(near.length > 5);
  });

  it('jitters when its mount is loose', () => {
    const spread = (failure?: Failure) => {
      const { length, xyz, ring } = sweep(20, 'cloud', failure);
      return deviation([...Array(length).keys()].filter((i) => ring[i] === 1).map((i) => xyz[3 * i]!));
    };
    assert.ok(spread('lidarjitter') > 4 * spread());
  });
});

describe('event camera', () => {
  const [width, height] = [8, 4];
  const gray = (level: number) => new Float32Array(3 * width * height).fill(level);
  const create = () => new EventCamera({ width, height, threshold: 0.3, seed: 'events' });

  it('fires positive events where it gets brighter, negative ones where darker, none where nothing changes', () => {
    const camera = create();
    assert.equal(camera.step(gray(0.2), 0, 0).length, 0);
    const brighter = camera.step(gray(0.5), 20_000, 0);
    assert.ok(brighter.length >= width * height);
    assert.ok(brighter.p.every((p) => p === 1));
    const still = camera.step(gray(0.5), 40_000, 0);
    assert.ok(still.length < 0.4 * width * height, `${still.length} events from a still picture`);
    const darker = camera.step(gray(0.2), 60_000, 0);
    assert.ok(darker.length >= width * height);
    assert.ok(darker.p.every((p) => p === 0));
  });

  it('tells a brightening edge from its dark side', () => {
    const camera = create();
    const edge = (from: number) => gray(0.1).map((value, i) => (Math.floor(i / 3) % width >= from ? 0.9 : value));
    camera.step(edge(6), 0, 0);
    const events = camera.step(edge(3), 20_000, 0);
    assert.ok(events.length > 0);
    const rising = [...events.x.keys()].filter((i) => events.p[i] === 1).map((i) => events.x[i]!);
    // The bright side moved from column 6 to 3; the lens spreads the edge by one pixel.
    for (const x of rising) assert.ok(x >= 2 && x <= 6, `column ${x}`);
    assert.equal(rising.length, events.length);
  });

  it('gives them in order of time and row, within the step', () => {
    const camera = create();
    camera.step(gray(0.2), 100_000, 50);
    const { t, y, length } = camera.step(gray(0.31), 120_000, 50);
    assert.ok(length > 5);
    for (let i = 0; i < length; i++) {
      assert.ok(t[i]! >= 100_000 && t[i]! < 120_000);
      assert.ok(i === 0 || t[i]! > t[i - 1]! || (t[i] === t[i - 1] && y[i]! >= y[i - 1]!));
    }
  });

  it('invents events at the given rate when the light is constant', () => {
    const camera = new EventCamera({ width: 200, height: 100, threshold: 5, seed: 1 });
    const flat = new Float32Array(3 * 200 * 100).fill(0.5);
    camera.step(flat, 0, 0);
    // 20 000 pixels, 10 Hz, 0.1 s
    const { length } = camera.step(flat, 100_000, 10);
    assert.ok(Math.abs(length - 20_000) < 600, `${length} events`);
  });
});
