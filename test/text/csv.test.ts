// Tables as CSV: quoting, and no formula for a spreadsheet to run.
import { expect, it } from 'vitest';
import { toCsv } from '../../src/text/csv.ts';

it('quotes commas, quotes and line breaks, and leaves numbers alone', () => {
  expect(
    toCsv(
      ['a', 'b'],
      [
        ['x,y', -1.5],
        ['say "no"', undefined],
        ['two\nlines', Number.NaN],
      ],
    ),
  ).toBe('a,b\r\n"x,y",-1.5\r\n"say ""no""",\r\n"two\nlines",\r\n');
});

it.each(['=HYPERLINK("x")', '+1', '-1', '@SUM(A1)', '\tx', '\r=1'])('defuses %j', (text) => {
  const [, cell = ''] = toCsv(['head'], [[text]]).split('\r\n', 2);
  expect(cell.replace(/^"/, '')).toMatch(/^'/);
});
