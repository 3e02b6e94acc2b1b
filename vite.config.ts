// Builds and serves the lab: static files only, every path relative, so that any https host will do.
import { readFileSync } from 'node:fs';
import { defineConfig } from 'vite';
import { wasmKernels } from './bin/wasm-kernels.js';

/** What the page may load. index.html states it, for static hosts that send no headers of ours. */
function readContentPolicy(): string {
  const page = readFileSync(new URL('index.html', import.meta.url), 'utf8');
  const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(page)?.[1];
  if (policy === undefined) throw new Error('vite.config: index.html states no Content-Security-Policy.');
  return policy;
}

export default defineConfig({
  base: './',
  plugins: [wasmKernels()],
  build: { target: 'es2022', outDir: 'dist', sourcemap: true },
  worker: { format: 'es', plugins: () => [wasmKernels()] },
  server: { host: '127.0.0.1' },
  preview: {
    host: '127.0.0.1',
    headers: {
      'Content-Security-Policy': `${readContentPolicy()}; frame-ancestors 'none'`,
      // The two that isolate the page: threads of the processor may then share memory.
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
    },
  },
});
