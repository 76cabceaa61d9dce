import { stringify } from 'yaml';
import type { Representation } from '../../sensors/index.js';
import type { BundleInspection, InspectedPort } from './bundle_inspection.js';
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
  if (Object.keys(bundle.training).length > 0) parts.push(`Training:\n${indent(stringify(bundle.training).trimEnd())}`);
  return `${parts.join('\n\n')}\n`;
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
