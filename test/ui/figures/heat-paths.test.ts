// A rectangle of values as paths: neighbours joined, shades by share or by its root.
import { describe, expect, it } from 'vitest';
import { heatPaths, shadeLevels } from '../../../src/ui/figures/heat-paths.ts';

const names = (count: number) => Array.from({ length: count }, String);

describe('heatPaths', () => {
  const heat = { rows: names(2), columns: names(4), values: [0, 1, 1, 0.25, 1, 0, 0, 0], maximum: 1 };

  it('joins neighbours of one shade and leaves out what has none', () => {
    const paths = heatPaths(heat, { width: 10, height: 5 });
    expect(paths).toHaveLength(shadeLevels);
    expect(paths.at(-1)).toBe('M10 0h20v5h-20zM0 5h10v5h-10z');
    expect(paths[2]).toBe('M30 0h10v5h-10z');
    expect(paths.filter((d) => d !== '')).toHaveLength(2);
  });

  it('shades by the square root if asked, and copes with what is no share', () => {
    expect(heatPaths(heat, { width: 1, height: 1 }, true)[5]).toBe('M3 0h1v1h-1z');
    const odd = { rows: names(1), columns: names(3), values: [Number.NaN, -1, 7], maximum: 1 };
    expect(heatPaths(odd, { width: 1, height: 1 }).join('')).toBe('M2 0h1v1h-1z');
  });
});
