// Builds and serves the lab: static files only, every path relative, so that any https host will do.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, loadEnv } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';
import { wasmKernels } from './bin/wasm-kernels.js';

/** What the page may load. index.html states it, for static hosts that send no headers of ours; .env the hub that it may ask. */
function readContentPolicy(mode: string): string {
  const page = readFileSync(new URL('index.html', import.meta.url), 'utf8');
  const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(page)?.[1];
  if (policy === undefined) throw new Error('vite.config: index.html states no Content-Security-Policy.');
  const { VITE_HUB } = loadEnv(mode, fileURLToPath(new URL('.', import.meta.url)));
  return policy.replace('%VITE_HUB%', VITE_HUB ?? '');
}

/** The service worker of src/offline, told which files to keep, and what an installed page is called. */
function offline() {
  return VitePWA({
    strategies: 'injectManifest',
    srcDir: 'src/offline',
    filename: 'service-worker.ts',
    injectRegister: false, // the page registers it, once it is idle
    injectManifest: {
      globPatterns: ['**/*.{html,js,css,wasm,json,svg}'],
      maximumFileSizeToCacheInBytes: 8 * 2 ** 20,
      rollupFormat: 'iife', // a classic script, which every browser takes
      buildPlugins: { vite: [{ name: 'quiet', config: () => ({ logLevel: 'warn' }) }] }, // as the page's build
    },
    manifest: {
      name: 'Flopscope',
      short_name: 'Flopscope',
      description: 'Train tiny language models on your own GPU and see what every kernel should cost.',
      theme_color: '#0e1215',
      background_color: '#0e1215',
      display: 'standalone',
      icons: [{ src: 'icon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' }],
    },
  });
}

export default defineConfig(({ mode }) => ({
  base: './',
  plugins: [wasmKernels(), offline()],
  build: { target: 'es2022', outDir: 'dist', sourcemap: true },
  worker: { format: 'es', plugins: () => [wasmKernels()] },
  server: { host: '127.0.0.1' },
  preview: {
    host: '127.0.0.1',
    headers: {
      'Content-Security-Policy': `${readContentPolicy(mode)}; frame-ancestors 'none'`,
      // The two that isolate the page: threads of the processor may then share memory.
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
    },
  },
}));
