declare module '@foxglove/wasm-zstd/dist/wasm-zstd.js' {
  /** What the package is built of; its own types leave it out. */
  interface ZstdModule {
    readonly HEAPU8: Uint8Array;
    _malloc(bytes: number): number;
    _free(place: number): void;
    /** @returns bytes expanded, or -1 */
    _decompress(target: number, targetBytes: number, source: number, sourceBytes: number): number;
  }
  export default function load(): Promise<ZstdModule>;
}
