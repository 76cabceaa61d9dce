import { Command } from 'commander';
import { renderParameterYaml } from '../configuration/index.js';
import { loadBundle } from '../model/index.js';
import { modalitiesOf, roleOf } from '../pipeline/index.js';
import { defaultBundlePath } from './default_bundle.js';
import { print } from './output.js';

/**
 * `mle-sam parameters`: a parameter file to start from, with the sensors of a model of one's own.
 * @param write - where the file goes
 */
export function parametersCommand(write: (text: string) => void = print): Command {
  return new Command('parameters')
    .description("print the ROS 2 node's parameters for a model, as a file for params_file:=")
    .option('-m, --model <folder>', 'model bundle', defaultBundlePath())
    .option('--fallback <folders...>', 'model bundles that stand by for it: the file has the sensors of all', [])
    .action(async ({ model, fallback }: { model: string; fallback: string[] }) => {
      const bundles = await Promise.all([model, ...fallback].map((folder) => loadBundle(folder)));
      write(
        renderParameterYaml(
          modalitiesOf(bundles).map(({ name, representation }) => ({ name, role: roleOf(representation) })),
        ),
      );
    });
}
