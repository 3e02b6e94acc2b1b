// npm run bench: runs bench/main.ts on the best GPU that Dawn finds.
import { importSource } from './bundle.js';
import { prepareVulkan } from './environment.js';

await prepareVulkan();
const { main } = await importSource('bench/main.ts');
process.exit(await main(process.argv.slice(2)));
