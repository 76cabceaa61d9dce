// Preloaded in tests on the graph (`node --import`): `rclnodejs` is the one built for the ROS of the tests, and the shared
// node_modules stays as the lock file says. Not by hooks of `node:module`: on Node 20 they run in a thread of their own,
// which every import then waits for, and a program takes up to twice as long to load.
import Module, { createRequire } from 'node:module';
import { join } from 'node:path';

const built = createRequire(join(process.env.MLE_SAM_TEST_ROS, 'node', 'package.json')).resolve('rclnodejs');
const resolveFilename = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  return request === 'rclnodejs' ? built : resolveFilename.call(this, request, ...rest);
};
