import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../support/shared_data.js';

/** What OpenCV 5.0.0 computed; see fixtures/make_opencv_goldens.py. */
export interface OpenCvGoldens {
  projections: {
    k: number[];
    width: number;
    height: number;
    points: [number, number, number][];
    cases: { model: string; d: number[]; pixels: [number, number][] }[];
  };
  /** `baseline`: how far the lens lies beside the frame's origin, in metres along x. */
  fullProjections: {
    k: number[];
    width: number;
    height: number;
    points: [number, number, number][];
    cases: { name: string; model: string; d: number[]; baseline: number; pixels: [number, number][] }[];
  };
  demosaics: {
    pattern: string;
    bits: 8 | 16;
    width: number;
    height: number;
    mosaic: number[];
    rgb: number[];
  }[];
  yuv: { encoding: string; width: number; height: number; data: number[]; rgb: number[] }[];
  /** A JPEG with restart markers, base64. */
  restartJpeg: string;
  depthPng: { width: number; height: number; millimetres: number[]; png: string };
}

export const goldens = JSON.parse(
  readFileSync(join(projectRoot, 'test/sensors/fixtures/opencv_goldens.json'), 'utf8'),
) as OpenCvGoldens;
