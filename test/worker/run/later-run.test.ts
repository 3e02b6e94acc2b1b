// Runs that live on: more steps, forks, names and what the list says of them.
import { describe, expect, it } from 'vitest';
import { readRunRecord } from '../../../src/lab/records/run-record.ts';
import { json, lossesIn, runTo, setUp } from './worker-runs.ts';

describe('a run that lives on', () => {
  it('is given more steps, and goes on under its name with its curve', async () => {
    const setup = setUp();
    await setup.runs.prepare(json({ train: { steps: 3 } }));
    await runTo(setup, 'finished');
    const [saved] = [...setup.storage.runs.values()];
    await expect(setup.runs.extend(3)).rejects.toThrow('3 steps in all are not more than the 3');
    const { experiment } = await setup.runs.extend(5);
    expect(experiment.train.steps).toBe(5);
    setup.events.length = 0;
    await runTo(setup, 'finished');
    expect([...lossesIn(setup.events).keys()]).toEqual([4, 5]);
    const [later, ...others] = [...setup.storage.runs.values()];
    expect(others).toEqual([]);
    expect(later).toMatchObject({ id: saved?.id, title: saved?.title, step: 5, totalSteps: 5 });
    const record = readRunRecord(setup.storage.records.get(saved?.id ?? '') ?? new Uint8Array());
    expect(record.steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5]);
  });

  it('is forked with other settings of training, and stays as it is', async () => {
    const setup = setUp();
    await setup.runs.prepare(json({ train: { steps: 3 } }));
    await runTo(setup, 'finished');
    const [first] = [...setup.storage.runs.values()];
    await expect(setup.runs.fork(json({ model: { layers: 3 } }))).rejects.toThrow(
      /model\.layers is 3 and was/,
    );
    const wanted = json({ train: { steps: 3 } });
    const optimizer = { ...(wanted.train.optimizer as object), learningRate: 1e-4 };
    const { notes } = await setup.runs.fork({ ...wanted, train: { ...wanted.train, optimizer } });
    expect(notes.join(' ')).toMatch(/train\.optimizer\.learningRate is 0\.0001 and was/);
    setup.events.length = 0;
    await runTo(setup, 'finished');
    expect([...lossesIn(setup.events).keys()]).toEqual([4, 5, 6]); // as many more as it had
    const [kept, fork] = [...setup.storage.runs.values()];
    expect(kept).toEqual(first);
    expect(fork).toMatchObject({
      title: `${first?.title}, fork`,
      step: 6,
      note: expect.stringMatching(/from step 3 of “/),
    });
  });

  it('has a name that no other run has, and a summary for the list', async () => {
    const setup = setUp();
    for (let i = 0; i < 2; i++) {
      await setup.runs.prepare(json({ train: { steps: 2, evaluationInterval: 1 } }));
      setup.events.length = 0;
      await runTo(setup, 'finished');
    }
    const [first, second] = [...setup.storage.runs.values()];
    expect(second?.title).toBe(`${first?.title} (2)`);
    expect(second?.validationLoss).toBeGreaterThan(0);
    expect(second?.tokensPerSecond).toBeGreaterThan(0);
    expect(second?.device).not.toBe('');
    expect(second?.preset).toBeTruthy();
    expect(second?.settings).toEqual(expect.arrayContaining([expect.stringMatching(/steps.*→2$/)]));
  });
});
