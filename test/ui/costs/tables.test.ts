// The tables of the room of costs against the printed ones, in both ways of counting.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layOutPlot } from '../../../src/text/plot-layout.ts';
import type { FigureTable } from '../../../src/text/table.ts';
import { attentionCaches, cacheBars, publishedCaches } from '../../../src/ui/costs/caches.ts';
import { computeFigure } from '../../../src/ui/costs/compute.ts';
import { costPlots, curveAxes } from '../../../src/ui/costs/curves.ts';
import { findStart, initialInputs, pressLetters, startAt } from '../../../src/ui/costs/inputs.ts';
import { countsTable, modelsTable, tokenCounts } from '../../../src/ui/costs/models.ts';
import { ownCosts } from '../../../src/ui/costs/own.ts';
import {
  casesTable,
  deepSeekTable,
  printedTable,
  runningTable,
  termBars,
  termsTable,
  whatIfTable,
} from '../../../src/ui/costs/tables.ts';
import { near } from '../../near.ts';

/** A row's cells as the page shows them. */
function shown({ columns, rows }: FigureTable, name: string): string[] {
  const at = rows.findIndex(([first]) => first === name);
  return (rows[at] ?? []).map((cell, index) => {
    const text = typeof cell === 'number' ? (columns[index]?.format ?? String)(cell, at) : (cell ?? '');
    return String(text).replaceAll('\u202f', ' ');
  });
}

const at = (id: string, more = {}) => {
  const start = findStart(id);
  if (start === undefined) throw new Error(`test: ${id} is no starting point.`);
  return { ...startAt(initialInputs, start), ...more };
};

describe('Table 3', () => {
  it.each([
    ['Parameters', '6.71×10⁹', '2.80×10¹⁰', '1.76×10¹¹', '3.72×10¹¹', '7.76×10¹¹'],
    ['Forward pass over a full context', '1.46×10¹³', '1.25×10¹⁴', '1.59×10¹⁵', '7.54×10¹⁶', '4.10×10¹⁷'],
    ['One more token with a cache', '6.98×10⁹', '3.02×10¹⁰', '1.93×10¹¹', '7.53×10¹¹', '2.05×10¹²'],
    ['Training (eq. 6)', '2.70×10²¹', '4.92×10²²', '2.02×10²⁴', '1.66×10²⁵', '9.44×10²⁵'],
    ['Time on one GPU', '0.285', '5.20', '213', '1,758', '9,968'],
    ['Capital', '$2,698', '$49.2K', '$2.02M', '$16.6M', '$94.4M'],
  ])('prints %s as the paper does', (name, ...cells) => {
    expect(shown(casesTable(initialInputs), name).slice(3)).toEqual(cells);
  });

  it('has the printed figures that differ beside it', () => {
    const { rows } = printedTable(initialInputs);
    expect(rows).toHaveLength(5);
    const tokens = shown(printedTable(initialInputs), 'Tokens to train on, D* (eq. 4)');
    expect(tokens.slice(1, 4)).toEqual(['B', '5.40×10¹¹', '5.59×10¹¹']);
    const twice = printedTable(at('A', { counting: 2 }));
    expect(shown(twice, 'Training (eq. 6)').slice(1, 4)).toEqual(['D low', '4.00×10²⁵', '3.33×10²⁵']);
    expect(shown(twice, 'Time on one GPU').slice(1, 4)).toEqual(['D low', '2,000', '1,758']);
  });

  it('shows the model that is set beside the cases', () => {
    const table = casesTable(at('C'));
    expect(shown(table, 'Parameters')[2]).toBe(shown(table, 'Parameters')[5]);
  });

  it('counts twice as many flops as multiply-adds, and neither more money nor more time', () => {
    const twice = casesTable(at('A', { counting: 2 }));
    expect(shown(twice, 'Training (eq. 6)').slice(1, 3)).toEqual(['flops', '5.40×10²¹']);
    expect(shown(twice, 'Time on one GPU')[2]).toBe('0.285');
    expect(shown(twice, 'Capital')[2]).toBe('$2,698');
  });
});

describe('Table 1', () => {
  it('adds up: its terms are its total', () => {
    for (const counting of [1, 2] as const) {
      const { rows } = termsTable(at('B', { counting }));
      const total = rows.at(-1) ?? [];
      for (const column of [3, 4, 6, 8]) {
        const sum = rows.slice(0, -1).reduce((all, row) => all + Number(row[column]), 0);
        expect(sum / Number(total[column])).toBeCloseTo(1, 12);
      }
    }
  });

  it('is drawn with the same numbers', () => {
    const [work] = termBars(at('B'));
    const { rows } = termsTable(at('B'));
    expect(work?.stretches.map(({ value }) => value)).toEqual(rows.slice(0, -1).map((row) => row[3]));
    // Two of one colour could not be told apart in the legend.
    const tones = new Set(work?.stretches.map(({ tone }) => tone));
    expect(tones.size).toBe(work?.stretches.length);
  });
});

it('training and decoding follow equations 4 to 6', () => {
  const table = runningTable(initialInputs);
  expect(shown(table, 'Tokens to train on, D* (eq. 4)')[2]).toBe('1.34×10¹¹');
  expect(shown(table, 'Decode one token, with a cache of n tokens')[2]).toBe('6.98×10⁹');
  expect(shown(table, 'Capital, GPU-years at their price')[2]).toBe('$2,850'); // 5.6 % above the rounded price
});

it('the check on DeepSeek gives the paper’s figures', () => {
  const table = deepSeekTable(initialInputs);
  expect(shown(table, 'Training').slice(2)).toEqual(['2.64×10²⁴', '2.91×10²⁴', '']);
  expect(shown(table, 'Time').slice(2)).toEqual(['2.45×10⁶', '2.70×10⁶', '2.79×10⁶']);
  expect(shown(table, 'Cost')[3]).toBe('$2.91M');
});

it('the check on DeepSeek takes the context it was trained at', () => {
  const table = deepSeekTable(initialInputs, 4096);
  expect(shown(table, 'Training')[3]).toBe('1.83×10²⁴');
  expect(shown(table, 'Time')[3]).toBe('1.69×10⁶');
  expect(shown(table, '… a million of them')[2]).toBe('$0.150');
});

it('what-ifs follow the year', () => {
  const table = whatIfTable(initialInputs, 4);
  expect(shown(table, '… were only the last of n positions a lesson')[2]).toBe('$5.53M');
  expect(shown(table, '… in 4 years')[2]).toBe('$674');
});

it('Chinchilla’s budget of the notebook has both its grid point and the closed form', () => {
  const { table, optima } = computeFigure(2.21e19, 20, 2);
  expect(shown(table, "grid of nanoGPT's notebook").slice(1, 3)).toEqual(['316.2M', '11.65B']);
  expect(shown(table, 'closed form of the fit').slice(1, 3)).toEqual(['326.1M', '11.29B']);
  // The drawn points lie on the drawn curve: nothing on it is lower than the closed form's point.
  const { series } = computeFigure(2.21e19, 20, 2);
  const least = Math.min(...(series[1]?.points ?? []).map(({ y }) => y));
  expect(least).toBeGreaterThanOrEqual((optima[0]?.loss ?? 0) - 1e-12);
});

describe('curves', () => {
  it('pass through the model itself, on every axis', () => {
    for (const axis of curveAxes) {
      for (const { series, table } of costPlots(at('B'), axis)) {
        const lines = series.filter(({ kind }) => kind === 'line');
        for (const line of lines) {
          const now = series.find(({ id }) => id === `${line.id}, now`)?.points[0];
          expect(line.points).toContainEqual({ x: now?.x, y: now?.y });
        }
        expect(table.rows.map(([x]) => x)).toEqual(lines[0]?.points.map(({ x }) => x));
      }
    }
  });

  it('grow as the formulas say: attention with the square of the context, the rest with the first power', () => {
    const [work] = costPlots(initialInputs, 'context');
    const ends = (id: string): number => {
      const points = work?.series.find((one) => one.id === id)?.points ?? [];
      const [first, last] = [points[0], points.at(-1)];
      return Math.log((last?.y ?? 0) / (first?.y ?? 1)) / Math.log((last?.x ?? 0) / (first?.x ?? 1));
    };
    expect(ends('its attention')).toBeCloseTo(2, 9);
    expect(ends('its matrices')).toBeCloseTo(1, 9);
    expect(ends('its head')).toBeCloseTo(1, 9);
  });
});

it('any possible model has figures everywhere, and no plot breaks on them', () => {
  const size = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 1e9 }));
  const model = fc.record({ context: size, vocabulary: size, width: size, heads: size, layers: size });
  fc.assert(
    fc.property(model, fc.constantFrom(1 as const, 2 as const), (sizes, counting) => {
      const inputs = { ...initialInputs, model: sizes, counting };
      const plots = curveAxes.flatMap((axis) => costPlots(inputs, axis));
      const tables = [
        ...[termsTable, casesTable, runningTable].map((make) => make(inputs)),
        deepSeekTable(inputs),
        whatIfTable(inputs, 2),
      ];
      for (const { rows } of [...tables, ...plots.map(({ table }) => table)]) {
        for (const cell of rows.flat()) if (typeof cell === 'number') expect(cell).toBeGreaterThanOrEqual(0);
        expect(rows.flat().every((cell) => typeof cell !== 'number' || Number.isFinite(cell))).toBe(true);
      }
      for (const { x, y, series } of plots) {
        const { frame } = layOutPlot({ width: 360, height: 300 }, { x, y }, series);
        expect(frame.right).toBeGreaterThan(frame.left);
        expect(frame.bottom).toBeGreaterThan(frame.top);
      }
      for (const { report } of attentionCaches(inputs)) expect(report.bytesPerToken).toBeGreaterThan(0);
    }),
    { numRuns: 40 },
  );
});

describe('caches', () => {
  it('of the model compare kinds of attention as the theory does', () => {
    const caches = attentionCaches(at('A', { bytesPerValue: 2 }));
    const bytes = (name: RegExp): number | undefined =>
      caches.find((cache) => name.test(cache.name))?.report.bytesPerToken;
    expect(bytes(/^MHA, 32/)).toBe(32 * 2 * 4096 * 2);
    expect(bytes(/^GQA, 4 of 32$/)).toEqual(near((bytes(/^MHA, 32/) ?? 0) / 8));
    expect(bytes(/^MLA, 512 \+ 64/)).toBe(32 * 576 * 2);
  });

  it('of windows save memory of the context, not of a token', () => {
    const caches = attentionCaches(at('C'));
    const [full, windows] = ['MHA, 96 heads', 'MHA, windows 5:1'].map((label) =>
      (['token', 'context'] as const).map((measure) => {
        const bar = cacheBars(caches, measure).find((one) => one.label === label);
        return bar?.stretches[0]?.value ?? Number.NaN;
      }),
    );
    expect(windows?.[0]).toBe(full?.[0]);
    expect(windows?.[1]).toBeLessThan((full?.[1] ?? 0) / 3);
  });

  it('of published models are those of their configurations', () => {
    const gemma = publishedCaches(initialInputs).find(({ name }) => name === 'Gemma 3 27B');
    expect(gemma?.report.kind).toBe('GQA 32:16, 52 of 62 layers with a window of 1024');
  });
});

describe('conventions', () => {
  it('state N, and are those of the released model where one is chosen', () => {
    const counts = tokenCounts(at('gpt2'));
    if (counts.kind !== 'counts') throw new Error('test: no counts of GPT-2.');
    const palm = counts.counts.find(({ convention }) => convention === 'PaLM / nanoGPT');
    expect(palm?.parameters).toBe(124_439_808 - 1024 * 768);
    expect(shown(countsTable(counts.counts), 'llm.c').slice(1, 4)).toEqual([
      '803 MFLOP',
      '124 M',
      '124,439,808',
    ]);
  });

  it('count what one token of a mixture uses', () => {
    const counts = tokenCounts(at('mixtral-8x7b'));
    if (counts.kind !== 'counts') throw new Error('test: no counts of Mixtral.');
    expect(counts.of).toMatch(/N is what one token uses/);
    expect(counts.counts[0]?.parameters).toBe(12_879_925_248);
  });

  it('are refused for latent attention, with the reason', () => {
    expect(tokenCounts(at('deepseek-v3'))).toMatchObject({ kind: 'none', reason: /latent attention/ });
  });
});

it('released numbers are the model and what the release holds besides', () => {
  for (const [name, total, released, , , , , , , , , besides] of modelsTable.rows) {
    if (released === undefined) expect(String(name)).toMatch(/^(Panda|Surefire)-/);
    else if (besides === '') expect(released, String(name)).toBe(total);
    else expect(Number(released), String(name)).toBeGreaterThan(Number(total));
  }
});

describe('on a GPU of one’s own', () => {
  const device = { peakFlopsPerSecond: 20e12, utilization: 0.5, watts: 300, dollarsPerKilowattHour: 0.2 };

  it('time, energy and money follow from half the peak in multiply-adds', () => {
    const costs = ownCosts(initialInputs, device, 1e9);
    expect(costs.seconds).toBeCloseTo(costs.multiplyAdds / 5e12, 3);
    expect(costs.kilowattHours).toBeCloseTo((costs.seconds * 0.3) / 3600, 6);
    expect(costs.dollars).toBeCloseTo(costs.kilowattHours * 0.2, 9);
    expect(costs.gpusReplaced).toBeCloseTo(5e12 / 300e12, 12);
  });

  it('a device without a peak is refused', () => {
    expect(() => ownCosts(initialInputs, { ...device, peakFlopsPerSecond: 0 }, 1e9)).toThrow(
      /peak is impossible/,
    );
  });
});

it('says what each letter of the formulas stands for', () => {
  const formulas =
    termsTable(initialInputs)
      .rows.at(-1)
      ?.filter((cell) => /[nd]/.test(String(cell))) ?? [];
  const letters = formulas.slice(1).flatMap((formula) => String(formula).match(/[a-zA-Z]/g) ?? []);
  expect(new Set(letters)).toEqual(new Set(['L', 'n', 'd', 'V']));
  for (const letter of letters) expect(pressLetters).toMatch(new RegExp(`[:,] ${letter} `));
});
