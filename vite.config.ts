// Builds and serves the lab: static files only, every path relative, so that any https host will do.
import { defineConfig, type Plugin } from 'vite';

/** What the page may load: its own files and nothing else; no inline script, no eval, no other host. */
const contentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Writes the policy into the built page as well, for static hosts that send no headers of ours. */
const policyInPage: Plugin = {
  name: 'flopscope:content-policy',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: contentPolicy },
      injectTo: 'head-prepend',
    },
  ],
};

export default defineConfig({
  base: './',
  plugins: [policyInPage],
  build: { target: 'es2022', outDir: 'dist', sourcemap: true },
  worker: { format: 'es' },
  server: { host: '127.0.0.1' },
  preview: {
    host: '127.0.0.1',
    headers: {
      'Content-Security-Policy': `${contentPolicy}; frame-ancestors 'none'`,
      // Pages that we open (a trace viewer) keep their handle on us; no page that opens us gets one on them.
      'Cross-Origin-Opener-Policy': 'same-origin-allow-popups',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
    },
  },
});
