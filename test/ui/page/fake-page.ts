// Shows the page over a fake lab, to look at it without a worker: `npx vite`, then open /test/ui/fake-page.html.
import '../../../src/ui/page/lab-page.ts';
import type { LabPage } from '../../../src/ui/page/lab-page.ts';
import { createFakeLab } from './fake-lab.ts';

const settings = new URLSearchParams(location.hash.slice(1));
const page = document.createElement('lab-page') as LabPage;
const fake = createFakeLab({
  tick: 20,
  hasSavedRun: settings.has('saved'),
  isCalibrated: settings.has('calibrated'),
  selfTestPasses: !settings.has('wrong'),
});
page.connect = () => ({ lab: fake.lab, died: new Promise(() => {}), close: () => {} });
document.body.append(page);
Object.assign(globalThis, { fake });
