// Adding up costs by term: phases, named parts, and the row of totals.
import type { NamedFlops, PhaseCosts, TermRow } from '../../contract/terms.ts';

/** Nothing dispatched. */
export const noCosts: PhaseCosts = { dispatches: 0, usefulFlops: 0, launchedFlops: 0, bytes: 0 };

/** Both together, the second `times` times. */
export function addCosts(a: PhaseCosts, b: PhaseCosts, times = 1): PhaseCosts {
  return {
    dispatches: a.dispatches + times * b.dispatches,
    usefulFlops: a.usefulFlops + times * b.usefulFlops,
    launchedFlops: a.launchedFlops + times * b.launchedFlops,
    bytes: a.bytes + times * b.bytes,
  };
}

/** Adds to the part of that name. */
export function addNamed(parts: Map<string, number>, name: string, flops: number): void {
  if (flops !== 0) parts.set(name, (parts.get(name) ?? 0) + flops);
}

/** Parts with their notes, in the order of the notes. */
export function namedList(
  parts: ReadonlyMap<string, number>,
  notes: Readonly<Record<string, string>>,
): NamedFlops[] {
  return Object.entries(notes).flatMap(([name, note]) => {
    const flops = parts.get(name) ?? 0;
    return flops === 0 ? [] : [{ name, flops, note }];
  });
}

/** The row of totals. */
export function totalRow(rows: readonly TermRow[]): TermRow {
  const sum = (of: (row: TermRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  const costs = (of: (row: TermRow) => PhaseCosts) => rows.map(of).reduce((a, b) => addCosts(a, b), noCosts);
  const predictedSeconds = sum((row) => row.predictedSeconds ?? 0);
  const measuredSeconds = sum((row) => row.measuredSeconds ?? 0);
  return {
    term: 'total',
    forwardFlops: sum((row) => row.forwardFlops),
    closedFlops: sum((row) => row.closedFlops),
    activations: sum((row) => row.activations),
    parameters: sum((row) => row.parameters),
    ...costs((row) => row),
    phases: {
      forward: costs((row) => row.phases.forward),
      backward: costs((row) => row.phases.backward),
      update: costs((row) => row.phases.update),
    },
    differences: mergeNamed(rows.flatMap((row) => row.differences)),
    unexplainedFlops: sum((row) => row.unexplainedFlops),
    waste: mergeNamed(rows.flatMap((row) => row.waste)),
    ...(predictedSeconds > 0 ? { predictedSeconds } : {}),
    ...(measuredSeconds > 0 ? { measuredSeconds } : {}),
  };
}

/** One part per name, the largest first. */
function mergeNamed(parts: readonly NamedFlops[]): NamedFlops[] {
  const merged = new Map<string, NamedFlops>();
  for (const part of parts) {
    merged.set(part.name, { ...part, flops: (merged.get(part.name)?.flops ?? 0) + part.flops });
  }
  return [...merged.values()].sort((a, b) => Math.abs(b.flops) - Math.abs(a.flops));
}
