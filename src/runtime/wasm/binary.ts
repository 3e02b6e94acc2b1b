// What bin/wasm-kernels.js makes of src/wasm: the compiled kernels and the names of their parameters.
declare module 'virtual:wasm-kernels' {
  /** Parameter names of every exported function, in order. */
  export const signatures: Readonly<Record<string, readonly string[]>>;
  /** A fingerprint of the sources: figures of other kernels say nothing of these. */
  export const digest: string;
  /** The compiled program, which imports a shared memory. */
  export function readKernels(variant: 'plain' | 'relaxed'): Promise<Uint8Array<ArrayBuffer>>;
  /** Code of a thread for Node's workers, by the path of its source; not there in a page. */
  export function bundleThread(entry: string): Promise<string>;
}
