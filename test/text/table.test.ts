// A figure's table as a file: numbers in full, whatever the page rounds.
import { expect, it } from 'vitest';
import { figureCsv } from '../../src/text/table.ts';

it('writes numbers in full, though the page shows three digits', () => {
  const table = {
    columns: [{ label: 'model' }, { label: 'parameters', format: (value: number) => value.toPrecision(3) }],
    rows: [
      ['GPT-2, small', 124_439_808],
      ['none', undefined],
    ],
  } as const;
  expect(figureCsv(table)).toBe('model,parameters\r\n"GPT-2, small",124439808\r\nnone,\r\n');
});
