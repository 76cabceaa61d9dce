import { createRequire } from 'node:module';

/** From package.json. */
export const { version, description } = createRequire(import.meta.url)('mle-sam-ros/package.json') as {
  version: string;
  description: string;
};
