// Preloaded in tests on the graph (`node --import`): `rclnodejs` is the one built for the ROS in `.ros/`, and the shared
// node_modules stays as the lock file says.
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const home = new URL('../.ros/node/package.json', import.meta.url).href;
const hooks = `export function resolve(specifier, context, next) {
  return next(specifier, specifier === 'rclnodejs' ? { ...context, parentURL: '${home}' } : context);
}`;
if (isMainThread) register(`data:text/javascript,${encodeURIComponent(hooks)}`);
