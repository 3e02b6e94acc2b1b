// Serves the bundle to a headless Chrome or Chromium and runs a competitor in the page.
import { preview } from 'vite';

/** SwiftShader where there is no GPU; what the browser chooses otherwise. */
const softwareFlags = ['--use-webgpu-adapter=swiftshader'];

/**
 * Opens the page. It is cross-origin isolated, so that WebAssembly gets threads.
 * @param {string} folder the built page
 * @param {string} executablePath of the browser
 * @param {boolean} software whether to use SwiftShader
 */
export async function openPage(folder, executablePath, software) {
  const { launch } = await import('puppeteer');
  const server = await preview({
    configFile: false,
    root: folder,
    logLevel: 'silent',
    build: { outDir: folder },
    preview: {
      host: '127.0.0.1',
      port: 0,
      strictPort: false,
      headers: {
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cross-Origin-Embedder-Policy': 'require-corp',
      },
    },
  });
  const browser = await launch({
    executablePath,
    headless: true,
    protocolTimeout: 1_800_000,
    args: [
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      '--enable-features=Vulkan',
      ...(software ? softwareFlags : []),
    ],
  });
  const close = async () => {
    await browser.close();
    await server.close();
  };
  try {
    const page = await browser.newPage();
    const address = server.httpServer.address();
    await page.goto(`http://127.0.0.1:${address.port}/index.html`);
    await page.waitForFunction('globalThis.runPeer !== undefined');
    return { page, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Runs one competitor in the page.
 * @param {import('puppeteer').Page} page
 */
export async function runInPage(page, name, steps, warmUp) {
  const call = `(async () => {
    const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
    const outcome = await runPeer(${JSON.stringify(name)}, ${steps}, ${warmUp});
    return { ...outcome, adapter: adapter ? [adapter.info.vendor, adapter.info.architecture].join(' ') : 'none' };
  })()`;
  return page.evaluate(call);
}
