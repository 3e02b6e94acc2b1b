// Finds layers that repeat, so that a model of many layers is drawn once: LLLLLGLLLLLG is 2 × (5 L, 1 G).
import type { DiagramSection } from '../../contract/diagram.ts';

/**
 * Cuts layers into sections, from the first on: each is the unit whose repeats reach furthest, the shortest of those.
 * @param alike one text a layer; layers with the same text are alike
 */
export function findSections(alike: readonly string[]): DiagramSection[] {
  const sections: DiagramSection[] = [];
  for (let first = 0; first < alike.length; ) {
    let best = { period: 1, times: 1 };
    for (let period = 1; 2 * period <= alike.length - first; period++) {
      let end = first + period;
      while (end < alike.length && alike[end] === alike[end - period]) end++;
      const times = Math.floor((end - first) / period);
      if (times > 1 && times * period > best.times * best.period) best = { period, times };
    }
    sections.push({ first, times: best.times, runs: runsOf(alike.slice(first, first + best.period)) });
    first += best.times * best.period;
  }
  return sections;
}

function runsOf(unit: readonly string[]): number[] {
  const runs: number[] = [];
  unit.forEach((text, index) => {
    if (index > 0 && text === unit[index - 1]) runs[runs.length - 1] = (runs.at(-1) ?? 0) + 1;
    else runs.push(1);
  });
  return runs;
}
