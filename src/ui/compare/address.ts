// A comparison as the part of the address behind the room: `nano+llama3-mini/500/3` is two presets, 500 steps, three seeds.

/** What a link to a comparison says. */
export interface ComparisonLink {
  readonly chosen: readonly string[];
  readonly steps: number;
  readonly seeds: number;
}

/** The part of the address. */
export function comparisonPlace({ chosen, steps, seeds }: ComparisonLink): string {
  return chosen.length === 0 ? 'compare' : `compare/${chosen.join('+')}/${steps}/${seeds}`;
}

/**
 * The comparison that an address names; undefined where it names none.
 * @param known ids of presets: others are left out
 */
export function comparisonOf(
  hash: string,
  known: readonly string[],
  most: { readonly models: number; readonly steps: number; readonly seeds: number },
): ComparisonLink | undefined {
  const [, ids = '', steps = '', seeds = ''] = /^#compare\/([\w+-]+)\/(\d{1,6})\/(\d)$/.exec(hash) ?? [];
  const chosen = [...new Set(ids.split('+'))].filter((id) => known.includes(id)).slice(0, most.models);
  if (chosen.length === 0) return undefined;
  return {
    chosen,
    steps: Math.min(most.steps, Math.max(1, Number(steps))),
    seeds: Math.min(most.seeds, Math.max(1, Number(seeds))),
  };
}
