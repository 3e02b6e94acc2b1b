// Losses of rows: each row alone has the losses that it has among others, and weights that failed are named.
import { expect, it } from 'vitest';
import { trainCharacterTokenizer } from '../../../src/data/tokenizers/characters.ts';
import { TokenLosses } from '../../../src/lab/evaluation/token-losses.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { tinyModel } from './tiny-model.ts';

it('rows of any length share a batch, and give the losses from where they count', async () => {
  const files = await tinyModel(trainCharacterTokenizer('abcd'));
  const rows = [
    { tokens: [0, 1, 2, 3], from: 1 },
    { tokens: [3, 2], from: 1 },
    { tokens: [0, 1, 2, 3], from: 3 },
  ];
  const read = async (batch: number) => {
    const losses = await TokenLosses.open(cpuEngine(), files, { batch, time: 3 });
    const found: number[][] = [];
    await losses.forEachRow(rows, (row, index) => {
      expect(index).toBe(found.length);
      found.push([...row]);
    });
    losses.dispose();
    return found;
  };
  const [alone, together] = [await read(1), await read(2)];
  expect(alone.map((row) => row.length)).toEqual([3, 1, 1]);
  for (const [index, row] of alone.entries())
    row.forEach((loss, at) => {
      expect(together[index][at]).toBeCloseTo(loss, 5);
    });
  expect(alone[2][0]).toBeCloseTo(alone[0][2], 6);
});

it('a loss that is no number is refused with its place', async () => {
  const files = await tinyModel(trainCharacterTokenizer('abcd'));
  const weights: typeof files.weights = {
    forEachPart: (take) =>
      files.weights.forEachPart((part) => take({ ...part, values: part.values.fill(Number.NaN) })),
  };
  const losses = await TokenLosses.open(cpuEngine(), { ...files, weights }, { batch: 1, time: 3 });
  const rows = [{ tokens: [0, 1], from: 1 }];
  await expect(losses.forEachRow(rows, () => undefined)).rejects.toThrow(
    /the loss of token 1 of row 0 is NaN/,
  );
  losses.dispose();
});
