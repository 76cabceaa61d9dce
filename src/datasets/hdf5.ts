import { fileURLToPath } from 'node:url';

/** Values of a one-dimensional data set. */
export type Column = ArrayLike<number | bigint>;

/** Filter of HDF5 that MUSES's files are compressed with, and the codec inside it that the reader's plugin lacks. */
const BLOSC = 32001;
const BLOSC_CODEC_AT = 6;
const BLOSC_ZLIB = 4;

type Library = typeof import('h5wasm/node');
let library: Promise<Library> | undefined;

/** The library is 3 MB of WebAssembly: it is loaded by whoever reads the first file. */
function load(): Promise<Library> {
  library ??= (async () => {
    const loaded = await import('h5wasm/node');
    const module = await loaded.ready;
    // Otherwise HDF5 writes a page about each error to the terminal, and goes on.
    module.activate_throwing_error_handler();
    module.insert_plugin_search_path(fileURLToPath(new URL('./plugins', import.meta.resolve('h5wasm-plugins'))), 0);
    return loaded;
  })();
  return library;
}

/**
 * Reads one-dimensional data sets of an HDF5 file, compressed with blosc or another of the usual filters, whole.
 * @param names - paths inside the file
 * @throws Error in one sentence where the file, a data set or a codec is missing
 */
export async function readColumns(path: string, names: readonly string[]): Promise<Column[]> {
  const refuse = (why: string, cause?: unknown) =>
    new Error(`Expected ${names.join(', ')} in ${path} but could not read them: ${why}.`, { cause });
  const { File, Dataset } = await load();
  let file: InstanceType<typeof File> | undefined;
  try {
    file = new File(path, 'r');
    // Nothing is thrown for what is no HDF5 file.
    if (file.file_id === undefined || file.file_id < 0n) throw new Error('it is no HDF5 file');
    const open = file;
    return names.map((name) => {
      const entry = open.get(name);
      if (!(entry instanceof Dataset)) throw new Error(`${name} is missing`);
      const blosc = entry.filters.find(({ id }) => id === BLOSC);
      if (blosc?.cd_values[BLOSC_CODEC_AT] === BLOSC_ZLIB) {
        throw new Error('blosc with zlib inside is not supported: compress it with zstd, lz4 or blosclz');
      }
      const value = entry.value as unknown;
      if (!ArrayBuffer.isView(value) || value instanceof DataView) throw new Error(`${name} holds no numbers`);
      return value as unknown as Column;
    });
  } catch (cause) {
    throw refuse(reasonOf(cause), cause);
  } finally {
    if (file?.file_id !== undefined && file.file_id >= 0n) file.close();
  }
}

/** HDF5 reports an error function by function, the one that met it last. */
function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  const deepest = [...text.matchAll(/ in \w+\(\): (.+)$/gm)].at(-1)?.[1];
  return (deepest ?? text.split('\n')[0]!).replace(/\.$/, '');
}
