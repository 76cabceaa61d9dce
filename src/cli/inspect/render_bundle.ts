import { stringify } from 'yaml';
import type { NetworkInput, NetworkRecipe, ProviderAttempt } from '../../model/index.js';
import type { Representation } from '../../sensors/index.js';
import type { BuiltGraph, BundleInspection, InspectedPort } from './bundle_inspection.js';
import { bytesText, renderTable } from './tables.js';

/** The inspection of a model bundle as a person reads it in a terminal. */
export function renderBundle(bundle: BundleInspection): string {
  const parts = [
    `${bundle.name}: model bundle, ${bytesText(bundle.bytes)}, input ${bundle.input.width}x${bundle.input.height}\n` +
      `${bundle.description}\nSHA-256 ${bundle.sha256}`,
    renderTable(
      [{ title: 'modality' }, { title: 'representation' }],
      bundle.modalities.map(({ name, representation }) => [name, representationText(representation)]),
    ),
    `${bundle.classes.length} classes: ${bundle.classes.map(({ id, name }) => `${id} ${name}`).join(', ')}; 255 unlabeled`,
    renderTable(
      [{ title: 'file' }, { title: 'size', align: 'right' }, { title: 'SHA-256, verified' }],
      bundle.files.map(({ path, bytes, sha256 }) => [path, bytesText(bytes), sha256]),
    ),
    renderTable(
      [{ title: 'graph' }, { title: '' }, { title: 'name' }, { title: 'type and shape' }],
      Object.entries(bundle.graphs).flatMap(([graph, { inputs, outputs }]) => [
        ...inputs.map((port) => [graph, 'in', port.name, portText(port)]),
        ...outputs.map((port) => [graph, 'out', port.name, portText(port)]),
      ]),
    ),
  ];
  if (bundle.network !== undefined) parts.push(networkText(bundle.network));
  if (Object.keys(bundle.execution).length > 0)
    parts.push(`Runs best:\n${indent(stringify(bundle.execution).trimEnd())}`);
  if (bundle.providers) parts.push(providerTable(bundle.providers));
  if (bundle.engines.length > 0) parts.push(engineTable(bundle.engines));
  if (Object.keys(bundle.training).length > 0) parts.push(`Training:\n${indent(stringify(bundle.training).trimEnd())}`);
  return `${parts.join('\n\n')}\n`;
}

/** How a network of another make is fed and read. */
function networkText(recipe: NetworkRecipe): string {
  const { inputs, constants, size, fit, output, confidence, unlabeledBelow } = recipe;
  const fed = renderTable(
    [
      { title: 'input' },
      { title: 'sensor' },
      { title: 'layout' },
      { title: 'values' },
      { title: 'while it is missing' },
    ],
    inputs.map((input) => [
      input.part === undefined ? input.name : `${input.name}, channels ${partText(input)}`,
      input.modality,
      `${input.layout} ${input.type}`,
      valuesText(input),
      absentText(input),
    ]),
  );
  const filled = constants.map(({ name, value }) => `${name} is always ${value}.`);
  const outputs = output.kind === 'queries' ? `${output.classes} and ${output.masks}` : output.name;
  const certainty = confidence === 'none' ? 'no confidence' : 'confidence: the largest share of the softmax';
  const limit = unlabeledBelow === undefined ? '' : `; unlabeled below ${unlabeledBelow}`;
  return [
    fed,
    ...filled,
    `Fit ${fit} into ${size.width}x${size.height}. Labels from ${outputs} (${output.kind}); ${certainty}${limit}.`,
  ].join('\n');
}

function partText({ part, channels }: NetworkInput): string {
  const { first, of } = part!;
  return `${channels === 1 ? first : `${first} to ${first + channels - 1}`} of ${of}`;
}

function valuesText({ type, scale, mean, std, order, channels, grey }: NetworkInput): string {
  const colours = channels === 1 ? grey : order;
  if (type === 'uint8') return `${colours}, bytes`;
  const round = (values: readonly number[]) => values.map((value) => Number(value.toPrecision(6))).join(',');
  const factor = Math.abs(scale * 255 - 1) < 1e-9 ? '1/255' : String(scale);
  return `${colours}, (byte * ${factor} - ${round(mean)}) / ${round(std)}`;
}

function absentText({ absent }: NetworkInput): string {
  switch (absent) {
    case 'zero':
      return 'zeros';
    case 'mean':
      return 'its mean colour';
    case 'refuse':
      return 'no mask';
  }
}

function providerTable(attempts: readonly ProviderAttempt[]): string {
  const seconds = (ms: number | undefined) => (ms === undefined ? '' : `${(ms / 1000).toFixed(2)} s`);
  return renderTable(
    [
      { title: 'provider' },
      { title: 'here' },
      { title: 'created', align: 'right' },
      { title: 'warm-up', align: 'right' },
      { title: 'golden run', align: 'right' },
    ],
    attempts.map(({ provider, outcome, reason, timings: { createMs, warmUpMs, goldenMs } }) => [
      provider,
      `${outcome === 'chosen' ? 'works' : outcome}: ${reason}`,
      ...[createMs, warmUpMs, goldenMs].map(seconds),
    ]),
  );
}

function engineTable(engines: readonly BuiltGraph[]): string {
  return renderTable(
    [
      { title: 'built for' },
      { title: 'precision' },
      { title: 'size', align: 'right' },
      { title: 'built' },
      { title: 'folder' },
    ],
    engines.map(({ provider, precision, tensorrt, gpu, bytes, builtAt, folder }) => [
      [provider, tensorrt, gpu?.name].filter(Boolean).join(', '),
      precision,
      bytesText(bytes),
      builtAt,
      folder,
    ]),
  );
}

function representationText({ kind, ...constants }: Representation): string {
  const details = Object.entries(constants).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return [kind, ...details].join(', ');
}

function portText({ type, shape }: InspectedPort): string {
  return `${type}[${shape.join(', ')}]`;
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
