// Text in columns: widths of the widest, numbers to the right, short rows, an indent.
import { expect, it } from 'vitest';
import { columnLine, textColumns } from '../../src/text/columns.ts';

it('makes every column as wide as its widest cell and leaves no space at the end', () => {
  expect(
    textColumns([
      ['name', 'value'],
      ['a long name', ''],
      ['x', '12', 'more'],
    ]),
  ).toBe('name         value\na long name\nx            12     more');
});

it('sets numbers to the right', () => {
  expect(
    textColumns(
      [
        ['model', 'steps'],
        ['nano', '7'],
      ],
      'numbers',
      '  ',
    ),
  ).toBe('  model  steps\n  nano       7');
});

it('is empty for nothing', () => {
  expect(textColumns([])).toBe('');
});

it('writes rows as they come in columns that were wide enough before', () => {
  const line = columnLine([4, 6], 'right');
  expect(line(['a', 'b'])).toBe('   a       b');
  expect(line(['longer', 'b'])).toBe('longer       b');
  expect(columnLine([4, 6])(['a', 'b'])).toBe('a     b');
});
