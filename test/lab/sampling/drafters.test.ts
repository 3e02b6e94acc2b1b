// A model that drafts, on the reference loops: what it proposes does not depend on what it proposed before.
import { describe, expect, it } from 'vitest';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { ModelDrafter } from '../../../src/lab/sampling/drafters.ts';
import type { Runtime } from '../../../src/runtime/runtime.ts';
import { batchModels, batchSampler } from './batch-models.ts';

const greedy = { temperature: 0, topK: 0, topP: 1, seed: 1, drawable: 0 };
const text = [5, 3, 9, 5, 3, 1, 7, 2, 8, 4, 11, 6];

/** A drafter of a model with windows of 5 tokens, and how often it ran the model. */
async function windowDrafter(retractable: number, change: Partial<Runtime> = {}) {
  const made = await batchSampler(
    cpuEngine(),
    batchModels.windows,
    1,
    () => undefined,
    'f32',
    0,
    retractable,
  );
  let replays = 0;
  const runtime = new Proxy(made.runtime, {
    get: (target, key) => {
      const value = Reflect.get(key in change ? change : target, key);
      if (key === 'submit') replays++;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const drafter = new ModelDrafter(runtime, made.plans);
  const draft = async (seen: readonly number[], count: number, drawing = greedy, drawn = 0) => {
    replays = 0;
    const { tokens } = await drafter.draft(seen, count, drawing, drawn);
    return { tokens, replays };
  };
  return { draft };
}

describe('a model with windows that drafts', () => {
  it.each([
    [1, 'runs all of it again'],
    [3, 'runs nothing again'],
  ])(
    'with %i tokens that can be taken back, proposes for a refused text what it would alone, and %s',
    async (retractable) => {
      const { draft } = await windowDrafter(retractable);
      const { tokens } = await draft(text, 4);
      for (const kept of [0, 1, 3]) {
        const refused = [...text, ...tokens.slice(0, kept), ((tokens[kept] ?? 0) + 1) % 20];
        const again = await draft(refused, 4);
        const fresh = await windowDrafter(1);
        expect(again.tokens).toEqual((await fresh.draft(refused, 4)).tokens);
        if (kept === 0) expect(again.replays).toBe(retractable === 3 ? 4 : text.length + 4);
        await draft(text, 4);
      }
    },
  );

  it('remembers how far it was written when a shorter draft follows', async () => {
    const { draft } = await windowDrafter(3);
    await draft(text, 4);
    const other = [...text.slice(0, -1), 13];
    await draft([...text, 13], 1);
    const again = await draft(other, 4);
    const fresh = await windowDrafter(1);
    expect(again.tokens).toEqual((await fresh.draft(other, 4)).tokens);
    expect(again.replays).toBe(other.length - 1 + 4);
  });

  it('draws by the number of the draw, whatever the text is', async () => {
    const { draft } = await windowDrafter(7);
    const drawing = { ...greedy, temperature: 1.2 };
    const [first, same, other] = [
      await draft(text, 8, drawing, 30),
      await draft(text, 8, drawing, 30),
      await draft(text, 8, drawing, 42),
    ];
    expect(same.tokens).toEqual(first.tokens);
    expect(other.tokens).not.toEqual(first.tokens);
  });

  it('fails by what failed first, and leaves no other failure behind', async () => {
    let submits = 0;
    const { draft } = await windowDrafter(3, {
      read: () => Promise.reject(new Error('read failed')),
      submit: () =>
        ++submits > 13
          ? Promise.reject(new Error('device lost'))
          : Promise.resolve({ done: Promise.resolve([]) }),
    } as Partial<Runtime>);
    await expect(draft(text, 4, { ...greedy, temperature: 1 })).rejects.toThrow('device lost');
  });
});
