// Statistics of routers over real steps: what is counted, and that asking starts a new count.
import { describe, expect, it } from 'vitest';
import { takeExpertStatistics } from '../../../src/lab/training/expert-statistics.ts';
import { takeLosses, tinyRun } from './tiny-runs.ts';

const model = { experts: 4, expertsPerToken: 2, gated: true, activation: 'silu', hidden: 8 };
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

describe('takeExpertStatistics', () => {
  it('counts the choices of all steps since it was last asked', async () => {
    const run = await tinyRun({ model });
    await takeLosses(run, 3);
    const three = await takeExpertStatistics(run);
    expect(three.map(({ layer, tokens, load, dropped }) => [layer, tokens, sum(load), sum(dropped)])).toEqual(
      [
        [0, 96, 192, 0],
        [1, 96, 192, 0],
      ],
    );
    await takeLosses(run, 1);
    expect((await takeExpertStatistics(run)).map(({ tokens }) => tokens)).toEqual([32, 32]);
    // Asked twice, there is nothing new, and that is no division by zero.
    expect((await takeExpertStatistics(run))[0]).toMatchObject({ tokens: 0, entropy: 0, balance: 0 });
  });

  it('shows how a balance loss spreads the load of a router that would collapse', async () => {
    const spread = async (balanceLoss: number) => {
      const run = await tinyRun({
        model: { ...model, balanceLoss },
        train: { optimizer: { learningRate: 0.02 } },
      });
      await takeLosses(run, 40);
      await takeExpertStatistics(run);
      await takeLosses(run, 5);
      const statistics = await takeExpertStatistics(run);
      return statistics.reduce((worst, { balance }) => Math.max(worst, balance), 0);
    };
    const [free, balanced] = [await spread(0), await spread(1)];
    expect(balanced).toBeLessThan(free);
    expect(balanced).toBeLessThan(1.1);
  });

  it('is empty for a dense model', async () => {
    expect(await takeExpertStatistics(await tinyRun())).toEqual([]);
  });
});

describe('a tiny model with experts', () => {
  it.each([
    { routerScore: 'softmax', balanceLoss: 0.01 },
    { routerScore: 'sigmoid', routerBiasRate: 0.01, balanceLoss: 0, routerScale: 2, sharedExperts: 1 },
    { capacityFactor: 1, routerNoise: 0.3, dropout: 0.1, denseLayers: 1 },
  ])('learns: %j', async (options) => {
    const losses = await takeLosses(await tinyRun({ model: { ...model, ...options } }), 40);
    const mean = (values: readonly number[]) => sum(values) / values.length;
    expect(mean(losses.slice(-5))).toBeLessThan(mean(losses.slice(0, 5)) - 0.5);
  });
});
