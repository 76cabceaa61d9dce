import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import { onnxRuntimeVersion } from '../engines/platform.js';
import { externalWeights } from '../external_weights.js';
import { openCpuSession } from '../provider_ladder.js';
import type { ModelSession } from '../providers.js';
import { ImportError } from './import_error.js';

/** Input or output of a graph; a text in the shape names a dimension that is left open. */
export interface GraphPort {
  name: string;
  type: string;
  shape: readonly (number | string)[];
}

/** A network that has been opened. */
export interface OpenNetwork {
  path: string;
  /** Files beside it that hold weights, as it names them. */
  weights: readonly string[];
  session: ModelSession;
  inputs: readonly GraphPort[];
  outputs: readonly GraphPort[];
}

/**
 * Opens a network on the CPU.
 * @throws {ImportError} where it is no ONNX file, weights are missing, or ONNX Runtime cannot run it
 */
export async function openNetwork(path: string, threads: number): Promise<OpenNetwork> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new ImportError('a file', path, cause.code ?? cause.message, 'Name the ONNX file of the network.', { cause });
  });
  if (!found.isFile()) throw new ImportError('a file', path, 'a folder', 'Name the ONNX file of the network.');
  const weights = await externalWeights(path).catch((cause: Error) => {
    throw notOnnx(path, cause.message, cause);
  });
  const session = await openCpuSession(path, threads).catch((cause: Error) => {
    throw explained(path, cause);
  });
  return {
    path,
    weights,
    session,
    inputs: session.inputMetadata.map(portOf),
    outputs: session.outputMetadata.map(portOf),
  };
}

/** A port in the words of messages: `pixel_values float32[1,3,height,width]`. */
export function describePort({ name, type, shape }: GraphPort): string {
  return `${name} ${type}[${shape.map((side) => (side === '' ? '?' : side)).join(',')}]`;
}

function portOf(value: InferenceSession.ValueMetadata): GraphPort {
  if (!value.isTensor) return { name: value.name, type: 'not a tensor', shape: [] };
  return { name: value.name, type: value.type, shape: value.shape };
}

function notOnnx(path: string, received: string, cause: Error): ImportError {
  const advice = 'Export the network to ONNX, for example with torch.onnx.export.';
  return new ImportError('an ONNX network', basename(path), received, advice, { cause });
}

/** What ONNX Runtime says of a graph that it cannot run, in one sentence. */
function explained(path: string, cause: Error): ImportError {
  const name = basename(path);
  const text = cause.message.replaceAll(/\s+/g, ' ').trim();
  const operator = /(?:No Op registered for|for operator) ([\w.:]+)/.exec(text)?.[1] ?? fatalOperator(text);
  if (operator !== undefined) {
    const advice = 'Export with standard operators of an older opset, or without this one.';
    return new ImportError(`operators of ONNX Runtime ${onnxRuntimeVersion()}`, name, operator, advice, { cause });
  }
  const version = tooNew(text);
  if (version !== undefined) {
    const advice = `Export with an older ${version.option}; this is ONNX Runtime ${onnxRuntimeVersion()}.`;
    return new ImportError(`${version.kind} ${version.most} or less`, name, version.received, advice, { cause });
  }
  if (/external data|external_data|file_size|No such file/i.test(text)) {
    const advice = 'Put the files with weights beside it, or export them into it.';
    return new ImportError('all files with weights', name, shorten(text), advice, { cause });
  }
  if (/[Pp]rotobuf parsing failed/.test(text)) return notOnnx(path, 'a file of another format', cause);
  const advice = 'Export it again; `--preset` and the other options do not decide this.';
  return new ImportError(`a network that ONNX Runtime ${onnxRuntimeVersion()} can run`, name, shorten(text), advice, {
    cause,
  });
}

/** `Opset 99 is under development … till opset 26`, or `Unsupported model IR version: 99, max supported IR version: 12` */
function tooNew(text: string): { kind: string; option: string; most: string; received: string } | undefined {
  const [, opset, mostOpset] = /Opset (\d+) is under.* till opset (\d+)/.exec(text) ?? [];
  if (opset !== undefined) return { kind: 'opset', option: 'opset_version', most: mostOpset!, received: opset };
  const [, ir, mostIr] = /IR version: (\d+), max supported IR version: (\d+)/.exec(text) ?? [];
  return ir === undefined ? undefined : { kind: 'IR version', option: 'onnx', most: mostIr!, received: ir };
}

/** `Fatal error: domain:Name(version) is not a registered function/op` */
function fatalOperator(text: string): string | undefined {
  return /error: ?([\w.]*:?\w+)\(-?\d+\) is not a registered function\/op/i.exec(text)?.[1];
}

/** What ONNX Runtime says, without where in its sources. */
export function shorten(text: string): string {
  const plain = text
    .replaceAll(/\s+/g, ' ')
    .replace(/^.*?(?:FAIL|INVALID_\w+|NOT_IMPLEMENTED|RUNTIME_EXCEPTION) : /, '');
  return plain.length > 200 ? `${plain.slice(0, 200)}…` : plain.replace(/\.$/, '');
}
