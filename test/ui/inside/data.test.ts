// What the room “Inside” draws: shades as paths, small maps, series and tables.
import { describe, expect, it } from 'vitest';
import {
  attentionTable,
  headSeries,
  loadHeat,
  lossShade,
  pooled,
  positionTable,
  routerSeries,
  routerTable,
  routesHeat,
  routesTable,
  tastesTable,
  tokenShares,
  tokenTable,
} from '../../../src/ui/inside/data.ts';
import { near } from '../../near.ts';
import { fakeHistory, fakeInside, fakeReading } from '../page/fake-inside.ts';

describe('pooled', () => {
  it('keeps the largest value of each group of cells', () => {
    const values = Float32Array.from({ length: 16 }, (_, at) => at / 16);
    const small = pooled(values, 4, 2);
    expect(Array.from(small.values, (value) => 16 * value)).toEqual([5, 7, 13, 15]);
    expect(Array.from(pooled(values, 4, 9).values)).toEqual([...values]);
  });
});

describe('a text that was read', () => {
  const reading = fakeReading('a cat', 1);

  it('names what each query looks at most', () => {
    const { rows, columns } = attentionTable(reading, 0);
    expect(rows).toHaveLength(5);
    expect(rows.every((row) => row.length === columns.length)).toBe(true);
    expect(rows[0]).toEqual(['“a” (1)', '“a” (1)', 1, '', undefined, '', undefined, 0]);
    // Head 1 of the fake looks at the token itself most, then at the one before.
    expect([rows[4]?.[1], rows[4]?.[3], rows[4]?.[5]]).toEqual(['“t” (5)', '“a” (4)', '“c” (3)']);
  });

  it('gives the first token no loss', () => {
    const { rows } = tokenTable(reading);
    expect(rows[0]).toEqual(['“a” (1)', undefined, undefined]);
    expect(rows[1]).toEqual(['“␣” (2)', near(0.2), near(Math.exp(-0.2))]);
  });

  it('sets layers with a window apart', () => {
    const series = headSeries(reading);
    expect(series.map(({ id, points }) => [id, points.length])).toEqual([
      ['global', 8],
      ['local', 8],
    ]);
    expect(headSeries({ ...reading, windows: [undefined] }).map(({ name }) => name)).toEqual(['head']);
  });

  it('puts the weight of each choice where its token and expert meet', () => {
    const [route] = reading.routes;
    if (!route) throw new Error('no route');
    const heat = routesHeat(reading, route);
    expect(heat.values).toHaveLength(8 * 5);
    expect([...(heat.values as Float32Array)].filter((weight) => weight > 0)).toHaveLength(10);
    // “a” is 97: experts (97 + 1) mod 8 = 2, and 5.
    expect(heat.values[2 * 5]).toBeCloseTo(route.weights[0] ?? 0, 6);
    expect(heat.values[5 * 5]).toBeCloseTo(route.weights[1] ?? 0, 6);
    expect(routesTable(reading, route).rows[0]?.slice(0, 2)).toEqual(['“a” (1)', 3]);
  });
});

describe('routers over the run', () => {
  const history = fakeHistory();

  it('are drawn by layer, as shares of the tokens', () => {
    expect(tokenShares({ load: [3, 1], tokens: 2 })).toEqual([near(1.5), near(0.5)]);
    expect(tokenShares({ load: [0, 0], tokens: 0 })).toEqual([0, 0]);
    const heat = loadHeat(history, 3);
    expect([heat.rows.length, heat.columns.length, heat.columns[0]]).toEqual([8, 40, '10']);
    const column = heat.rows.map((_, expert) => heat.values[expert * 40 + 39]);
    expect(column.indexOf(Math.max(...column))).toBe(2);
    expect(column.reduce((a, b) => a + b, 0)).toBeCloseTo(2, 1);
  });

  it('have a curve a layer, and all numbers in one table', () => {
    expect(routerSeries(history, 'balance').map(({ name, points }) => [name, points.length])).toEqual([
      ['layer 2', 40],
      ['layer 4', 40],
    ]);
    expect(routerSeries(history, 'entropy')[0]?.points[0]?.y).toBeCloseTo(2 / Math.log(8), 9);
    const { rows, columns } = routerTable(history);
    expect([rows.length, columns.length]).toEqual([80, 13]);
    expect(rows[1]?.[0]).toBe('layer 4, steps 1 to 10');
    expect(rows.every((row) => row.length === columns.length)).toBe(true);
  });
});

it('tables say what positions lose and experts take', async () => {
  const positions = await fakeInside.positionLosses();
  const tastes = await fakeInside.expertTastes();
  if (positions.kind !== 'ok' || tastes.kind !== 'ok') throw new Error('the fake lab failed');
  expect(positionTable({ ...positions.value, means: [undefined, 2] }).rows).toEqual([
    ['1', undefined, undefined],
    ['2', 2, positions.value.errors[1]],
  ]);
  const { rows } = tastesTable(tastes.value, 3);
  expect(rows).toHaveLength(8);
  expect(rows[0]?.[2]).toMatch(/^e 60\s?%, {2}␣ 50/);
});

it('shades of losses begin at nothing and end at a guess among bytes', () => {
  expect([undefined, 0, Math.log(256) / 2, Math.log(256), 99].map(lossShade)).toEqual([0, 0, 4, 8, 8]);
});
