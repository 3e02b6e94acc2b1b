// What is asked of the open run: an answer that comes when another run is open is not shown as that one's.
import { expect, it } from 'vitest';
import type { Lab } from '../../../src/contract/lab.ts';
import type { SampleReport, SampleRequest } from '../../../src/contract/sampling.ts';
import type { Result } from '../../../src/contract/values.ts';
import { drawSample, showOpened } from '../../../src/ui/state/requests.ts';
import { PageStore } from '../../../src/ui/state/store.ts';

const request: SampleRequest = {
  prompt: 'Once ',
  maximumTokens: 10,
  temperature: 1,
  topK: 0,
  topP: 1,
  seed: 1,
};

/** A store whose worker writes when a test says so. */
function openStore() {
  const draws: { onText(text: string): void; end(result: Result<SampleReport>): void }[] = [];
  const store = new PageStore(() => undefined);
  const lab: Partial<Lab> = {
    sample: (_, onText) => new Promise((end) => draws.push({ onText, end })),
  };
  store.connect({ lab: lab as Lab, died: new Promise(() => undefined), close: () => undefined });
  return { store, draws };
}

const written = (text: string): Result<SampleReport> => ({
  kind: 'ok',
  value: { text, tokens: 10, reusedTokens: 0, prefillTokensPerSecond: 1, decodeTokensPerSecond: 1 },
});

it('drops what a run writes after another was opened, and lets that one write', async () => {
  const { store, draws } = openStore();
  const first = drawSample(store, request);
  draws[0]?.onText('Once upon');
  expect(store.state.sampler).toMatchObject({ isRunning: true, text: 'Once upon' });
  showOpened(store, { experiment: store.state.experiment, notes: [] });
  draws[0]?.onText('Once upon a time');
  expect(store.state.sampler).toMatchObject({ isRunning: false, text: '' });

  const second = drawSample(store, request); // the same request, of the run that is open now
  draws[0]?.end(written('of the run before'));
  await first;
  expect(store.state.sampler).toMatchObject({ isRunning: true, text: '' });
  draws[1]?.end(written('of this run'));
  await second;
  expect(store.state.sampler).toMatchObject({
    isRunning: false,
    text: 'of this run',
    report: { tokens: 10 },
  });
});

it('writes again after a refusal, a fault and a run that was opened meanwhile', async () => {
  const { store, draws } = openStore();
  const refused = drawSample(store, request);
  draws[0]?.end({ kind: 'problem', problem: { kind: 'invalidRequest', message: 'no such letter' } });
  await refused;
  expect(store.state.sampler).toMatchObject({ isRunning: false, problem: 'no such letter' });
  const opened = drawSample(store, request);
  showOpened(store, { experiment: store.state.experiment, notes: [] });
  draws[1]?.end({ kind: 'problem', problem: { kind: 'invalidRequest', message: 'of the run before' } });
  await opened;
  expect(store.state.sampler).toEqual({ isRunning: false, text: '' });
  const again = drawSample(store, request);
  draws[2]?.end(written('yes'));
  await again;
  expect(store.state.sampler).toMatchObject({ isRunning: false, text: 'yes' });
});
