// Where a plot's parts go, which point is meant, and what is said of it.
import { describe, expect, it } from 'vitest';
import {
  describePlace,
  layOutPlot,
  linePath,
  movePlace,
  nearestPlace,
  type PlotAxis,
  type PlotSeries,
} from '../../src/text/plot-layout.ts';

const axes: { readonly x: PlotAxis; readonly y: PlotAxis } = {
  x: { label: 'context n, tokens', kind: 'log', format: String },
  y: { label: 'flops', kind: 'log', format: String, formatValue: (value) => `${value} F` },
};
const series = (id: string, points: readonly (readonly [number, number])[], more = {}): PlotSeries => ({
  id,
  name: id,
  tone: 'class-1',
  kind: 'line',
  points: points.map(([x, y]) => ({ x, y })),
  ...more,
});
const size = { width: 600, height: 300 };

describe('layOutPlot', () => {
  it('keeps points, ranges and rules inside the frame', () => {
    const one = { ...series('a', [[10, 100]]), points: [{ x: 10, y: 100, range: [1, 1e4] as const }] };
    const { y, x } = layOutPlot(size, axes, [one], [{ axis: 'x', value: 1e6, label: 'far' }]);
    expect(y.domain[0]).toBeLessThanOrEqual(1);
    expect(y.domain[1]).toBeGreaterThanOrEqual(1e4);
    expect(x.domain[1]).toBeGreaterThanOrEqual(1e6);
  });

  it('breaks the legend into lines, and gives them room above the plot', () => {
    const many = Array.from({ length: 9 }, (_, index) => series(`a series of some name ${index}`, [[1, 1]]));
    const wide = layOutPlot({ width: 2000, height: 300 }, axes, many);
    const narrow = layOutPlot({ width: 320, height: 300 }, axes, many);
    expect(new Set(narrow.legend.map(({ y }) => y)).size).toBeGreaterThan(
      new Set(wide.legend.map(({ y }) => y)).size,
    );
    expect(narrow.frame.top).toBeGreaterThan(wide.frame.top);
    expect(Math.max(...narrow.legend.map(({ y }) => y))).toBeLessThan(narrow.frame.top);
  });

  it('lists no series without points and none that asks not to be', () => {
    const { legend } = layOutPlot(size, axes, [
      series('a', [[1, 1]]),
      series('b', []),
      series('c', [[1, 1]], { isUnlisted: true }),
    ]);
    expect(legend.map((entry) => entry.series.id)).toEqual(['a']);
  });
});

it('a line is broken where a value has no place', () => {
  const line = series('a', [
    [1, 1],
    [10, 10],
    [100, 0],
    [1000, 10],
    [10_000, 100],
  ]);
  const path = linePath(line, layOutPlot(size, axes, [line]));
  expect(path.match(/M/g)).toHaveLength(2);
  expect(path.match(/L/g)).toHaveLength(2);
});

describe('nearestPlace', () => {
  const near = series('near', [
    [1, 1],
    [1e4, 1e4],
  ]);
  const guide = series('guide', [[1e2, 1e2]], { isGuide: true });
  const layout = layOutPlot(size, axes, [guide, near]);

  it('finds the point under the mouse, and never a guide', () => {
    const { frame } = layout;
    expect(nearestPlace([guide, near], layout, { x: frame.left, y: frame.bottom })).toEqual({
      series: 1,
      point: 0,
    });
    const middle = { x: (frame.left + frame.right) / 2 + 5, y: (frame.top + frame.bottom) / 2 };
    expect(nearestPlace([guide, near], layout, middle)?.series).toBe(1);
    expect(nearestPlace([guide], layout, middle)).toBeUndefined();
  });
});

describe('movePlace', () => {
  const list = [
    series('guide', [[1, 1]], { isGuide: true }),
    series('a', [
      [1, 1],
      [2, 2],
      [3, 3],
    ]),
    series('b', [[1, 1]]),
    series('empty', []),
  ];

  it('starts at the first point that can be reached', () => {
    expect(movePlace(list, undefined, 'ArrowRight')).toEqual({ series: 1, point: 0 });
    expect(movePlace(list, undefined, 'End')).toEqual({ series: 1, point: 2 });
  });

  it('stays within a series, and goes round the series', () => {
    expect(movePlace(list, { series: 1, point: 2 }, 'ArrowRight')).toEqual({ series: 1, point: 2 });
    expect(movePlace(list, { series: 1, point: 2 }, 'Home')).toEqual({ series: 1, point: 0 });
    expect(movePlace(list, { series: 1, point: 2 }, 'ArrowDown')).toEqual({ series: 2, point: 0 });
    expect(movePlace(list, { series: 2, point: 0 }, 'ArrowDown')).toEqual({ series: 1, point: 0 });
    expect(movePlace(list, { series: 1, point: 0 }, 'ArrowUp')).toEqual({ series: 2, point: 0 });
  });

  it('knows no other keys, and nothing to do in an empty plot', () => {
    expect(movePlace(list, undefined, 'Tab')).toBeUndefined();
    expect(movePlace([series('empty', [])], undefined, 'ArrowRight')).toBeUndefined();
  });
});

it('a point is said with its names, values, units and detail', () => {
  const one = {
    ...series('matmul', []),
    points: [{ x: 8, y: 2, name: 'qkv', detail: 'bound by bandwidth' }],
  };
  expect(describePlace([one], axes, { series: 0, point: 0 })).toBe(
    'qkv (matmul) · context n, tokens 8 · flops 2 F · bound by bandwidth',
  );
});
