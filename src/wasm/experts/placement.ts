// Sorts the choices of all tokens by expert, stably: counts, places of experts and their tiles, and rows of choices.

/** Row of a choice that found its expert full. */
export const droppedRow: i32 = -1;

/** counts[e] = choices of expert e; ranks[i] = how many choices before i fell on the same expert. */
export function expertPlacementCount(
  selected: usize,
  ranks: usize,
  counts: usize,
  choices: i32,
  experts: i32,
): void {
  memory.fill(counts, 0, (<usize>experts) << 2);
  for (let i = 0; i < choices; i++) {
    const at = (<usize>i) << 2;
    const count = counts + ((<usize>load<i32>(selected + at)) << 2);
    const rank = load<i32>(count);
    store<i32>(ranks + at, rank);
    store<i32>(count, rank + 1);
  }
}

/** offsets[e] = rows of the experts before e, at most `capacity` each; tiles = (expert, first row), then (experts, 0). */
export function expertPlacementTile(
  totals: usize,
  offsets: usize,
  tiles: usize,
  experts: i32,
  capacity: i32,
  tileRows: i32,
  tileBound: i32,
): void {
  const end = tiles + ((<usize>tileBound) << 3);
  let row = 0;
  for (let expert = 0; expert < experts; expert++) {
    store<i32>(offsets + ((<usize>expert) << 2), row);
    const kept = min(load<i32>(totals + ((<usize>expert) << 2)), capacity);
    for (let first = 0; first < kept; first += tileRows) {
      store<i32>(tiles, expert);
      store<i32>(tiles, row + first, 4);
      tiles += 8;
    }
    row += kept;
  }
  store<i32>(offsets + ((<usize>experts) << 2), row);
  for (; tiles < end; tiles += 8) {
    store<i32>(tiles, experts);
    store<i32>(tiles, 0, 4);
  }
}

/** rows[i] = start of the choice's expert + rank, or `droppedRow`; assignments[rows[i]] = i. */
export function expertPlacementPlace(
  selected: usize,
  starts: usize,
  order: usize,
  rows: usize,
  assignments: usize,
  choices: i32,
  capacity: i32,
): void {
  for (let i = 0; i < choices; i++) {
    const at = (<usize>i) << 2;
    const rank = load<i32>(order + at);
    if (rank >= capacity) {
      store<i32>(rows + at, droppedRow);
      continue;
    }
    const row = load<i32>(starts + ((<usize>load<i32>(selected + at)) << 2)) + rank;
    store<i32>(rows + at, row);
    store<i32>(assignments + ((<usize>row) << 2), i);
  }
}
