// Trying shorter contexts: only where there is no room, in powers of two, with the first reason.
import { expect, it } from 'vitest';
import { fitContext } from '../../../src/lab/plans/fitting-context.ts';
import { LabError } from '../../../src/lab/plans/problem.ts';

const refuseAbove =
  (limit: number, kind: 'tooLarge' | 'outOfMemory' | 'invalidFile', tried: number[]) => (context: number) => {
    tried.push(context);
    if (context > limit) throw new LabError({ kind, message: `${context} is too much` });
    return `made for ${context}`;
  };

it('takes what is wanted where it fits, and gives no reason', async () => {
  expect(await fitContext(1000, refuseAbove(5000, 'tooLarge', []))).toEqual({
    value: 'made for 1000',
    context: 1000,
  });
});

it.each(['tooLarge', 'outOfMemory'] as const)(
  'goes down by powers of two where something is %s',
  async (kind) => {
    const tried: number[] = [];
    expect(await fitContext(40_960, refuseAbove(9000, kind, tried))).toEqual({
      value: 'made for 8192',
      context: 8192,
      reason: '40960 is too much',
    });
    expect(tried).toEqual([40_960, 32_768, 16_384, 8192]);
  },
);

it('says why not at the wanted context where nothing fits', async () => {
  await expect(fitContext(100, refuseAbove(0, 'tooLarge', []))).rejects.toThrow('100 is too much');
  await expect(fitContext(7, refuseAbove(0, 'tooLarge', []))).rejects.toThrow('7 is too much');
});

it('tries nothing shorter after another failure', async () => {
  const tried: number[] = [];
  await expect(fitContext(100, refuseAbove(0, 'invalidFile', tried))).rejects.toThrow('100 is too much');
  expect(tried).toEqual([100]);
});
