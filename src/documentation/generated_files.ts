import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT_TABLE } from '../cli/exit_codes.js';
import { renderParameterTable, renderParameterYaml } from '../configuration/index.js';
import type { ModalityRole } from '../configuration/topics.js';
import { renderBoundTable, renderTruthTable } from '../dropout/index.js';
import { renderExpectationTable, renderFaultKeyTable, renderFaultTable } from '../faults/index.js';
import { renderClassTable, renderPresetTable } from '../model/import/index.js';
import { parseManifest } from '../model/index.js';
import { roleOf } from '../pipeline/index.js';
import { renderInputTable, renderOutputTable } from './topic_tables.js';

export interface GeneratedFile {
  /** Relative to the root of the project. */
  path: string;
  /** As it should be. */
  text: string;
}

/**
 * Everything that is written from the tables of parameters, topics, faults, presets and class lists: `config/mle_sam.yaml`, and the tables in
 * the pages between their markers.
 * @param root - of the project
 * @throws Error where a page has lost its markers
 */
export async function generatedFiles(root: string): Promise<GeneratedFile[]> {
  const manifest = parseManifest(await readFile(join(root, 'models', 'reference', 'model.json'), 'utf8'));
  const modalities = manifest.modalities.map(({ name, representation }) => ({ name, role: roleOf(representation) }));
  return [
    { path: 'config/mle_sam.yaml', text: renderParameterYaml(modalities) },
    await page(root, 'README.md', { ...tables(modalities, 'compact'), 'exit-statuses': renderExitTable() }),
    await page(root, 'docs/node.md', tables(modalities, 'full')),
    await page(root, 'docs/your-model.md', {
      presets: renderPresetTable(),
      'class-lists': await renderClassTable(),
    }),
    await page(root, 'docs/dropout.md', {
      'fault-keys': renderFaultKeyTable(),
      faults: renderFaultTable(),
      expectations: renderExpectationTable(),
      'gate-bounds': renderBoundTable(),
      'what-is-told': renderTruthTable(),
    }),
  ];
}

function tables(modalities: readonly ModalityRole[], form: 'full' | 'compact'): Record<string, string> {
  return {
    inputs: renderInputTable(modalities),
    outputs: renderOutputTable(),
    parameters: renderParameterTable(modalities, form),
  };
}

function renderExitTable(): string {
  const rows = EXIT_TABLE.map(([status, meaning]) => `| ${status} | ${meaning} |`);
  return ['| exit status | meaning |', '|---|---|', ...rows].join('\n');
}

async function page(root: string, path: string, tables: Readonly<Record<string, string>>): Promise<GeneratedFile> {
  let text = await readFile(join(root, path), 'utf8');
  for (const [name, table] of Object.entries(tables)) text = replaceBetweenMarkers(text, name, table, path);
  return { path, text };
}

/** Puts a table between `<!-- generated: NAME -->` and `<!-- end of NAME -->`. */
export function replaceBetweenMarkers(page: string, name: string, table: string, path: string): string {
  const opening = `<!-- generated: ${name} -->\n`;
  const closing = `\n<!-- end of ${name} -->`;
  const start = page.indexOf(opening);
  const end = page.indexOf(closing, start);
  if (start === -1 || end === -1) {
    throw new Error(`Expected ${opening.trim()} and ${closing.trim()} in ${path} but received a page without them.`);
  }
  return page.slice(0, start + opening.length) + table + page.slice(end);
}
