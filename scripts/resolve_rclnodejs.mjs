// Preloaded in tests on the graph (`node --import`): `rclnodejs` is the one built for the ROS of the tests, and the shared
// node_modules stays as the lock file says.
import { register } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';

const home = pathToFileURL(join(process.env.MLE_SAM_TEST_ROS, 'node', 'package.json')).href;
const hooks = `export function resolve(specifier, context, next) {
  return next(specifier, specifier === 'rclnodejs' ? { ...context, parentURL: '${home}' } : context);
}`;
if (isMainThread) register(`data:text/javascript,${encodeURIComponent(hooks)}`);
