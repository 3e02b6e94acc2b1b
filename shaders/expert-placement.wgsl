// Where the tokens of each expert go: a stable counting sort of the choices [tokens, perToken] by expert.
// count: one workgroup = one expert; its invocations take equal runs of the choices, meet in a prefix sum in workgroup
// memory, and number the choices of their expert in order. tile: one workgroup; where each expert's rows begin, and
// which rows each tile of the grouped matrix products takes. place: one invocation = one choice.
// No atomics: the order is that of the choices, and the same in every run.

override choices: u32;        // tokens · perToken
override experts: u32;
override capacity: u32 = 0u;  // rows of an expert at most: later choices are dropped
override tileRows: u32 = 0u;
override tileBound: u32 = 0u; // tiles that the choices can need at most

@group(0) @binding(0) var<storage, read> selected: array<u32>;          // [choices]
@group(0) @binding(1) var<storage, read_write> ranks: array<u32>;       // [choices]: place among its expert's
@group(0) @binding(2) var<storage, read_write> counts: array<u32>;      // [experts]
@group(0) @binding(3) var<storage, read> totals: array<u32>;            // [experts], the counts
@group(0) @binding(4) var<storage, read_write> offsets: array<u32>;     // [experts + 1]: first row of each
@group(0) @binding(5) var<storage, read_write> tiles: array<u32>;       // [tileBound, 2]: expert, first row
@group(0) @binding(6) var<storage, read> starts: array<u32>;            // [experts + 1], the offsets
@group(0) @binding(7) var<storage, read> order: array<u32>;             // [choices], the ranks
@group(0) @binding(8) var<storage, read_write> rows: array<u32>;        // [choices]: row of a choice, or `dropped`
@group(0) @binding(9) var<storage, read_write> assignments: array<u32>; // [choices]: choice of a row

const threads = 64u;
// Row of a choice beyond its expert's capacity. Ranks follow the order of choices, so that it is the later ones that are
// dropped, and always the same.
const dropped = 0xffffffffu;
const maximumSteps = 0x1000000u; // loops break before: a constant bound costs no guard
var<workgroup> partial: array<u32, threads>;

/// Each choice's rank among those of its expert, and how many the expert has.
@compute @workgroup_size(threads)
fn count(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let expert = linearWorkgroup(id);
  if (expert >= launch.endWorkgroup) {
    return;
  }
  // Runs, not strides: what an invocation counts are neighbours, so that ranks follow the order of choices.
  let run = (choices + threads - 1u) / threads;
  let first = min(thread * run, choices);
  let end = min(first + run, choices);
  var own = 0u;
  for (var i = 0u; i < maximumSteps; i++) {
    if (first + i >= end) {
      break;
    }
    own += select(0u, 1u, selected[first + i] == expert);
  }
  partial[thread] = own;
  // All runs are counted: those before this one say where its first choice ranks.
  workgroupBarrier();
  var before = 0u;
  var total = 0u;
  for (var t = 0u; t < threads; t++) {
    before += select(0u, partial[t], t < thread);
    total += partial[t];
  }
  if (thread == 0u) {
    counts[expert] = total;
  }
  // Past the barrier: most experts are in few of the runs.
  if (own == 0u) {
    return;
  }
  for (var i = 0u; i < maximumSteps; i++) {
    if (first + i >= end) {
      break;
    }
    if (selected[first + i] == expert) {
      ranks[first + i] = before;
      before++;
    }
  }
}

/// Offsets of the experts and tiles of their rows, from the counts: one workgroup, for there are few experts.
@compute @workgroup_size(threads)
fn tile(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  if (linearWorkgroup(id) >= launch.endWorkgroup) {
    return;
  }
  // Tiles in the order of experts, so that neighbouring workgroups of the products share a matrix.
  var usedTiles = 0u;
  for (var i = 0u; i < maximumSteps; i++) {
    let expert = i * threads + thread;
    if (i * threads > experts) {
      break;
    }
    // Each invocation adds from the beginning, for experts are few: no second barrier, no scan.
    var row = 0u;
    var firstTile = 0u;
    for (var e = 0u; e < maximumSteps; e++) {
      if (e >= min(expert, experts)) {
        break;
      }
      let kept = min(totals[e], capacity);
      row += kept;
      firstTile += (kept + tileRows - 1u) / tileRows;
    }
    // One more than there are experts: the last is where all rows end, which spread and the products read.
    if (expert <= experts) {
      offsets[expert] = row;
    }
    usedTiles = firstTile;
    if (expert < experts) {
      let needed = (min(totals[expert], capacity) + tileRows - 1u) / tileRows;
      for (var t = 0u; t < maximumSteps; t++) {
        if (t >= needed) {
          break;
        }
        tiles[2u * (firstTile + t)] = expert;
        tiles[2u * (firstTile + t) + 1u] = row + t * tileRows;
      }
      usedTiles += needed;
    }
  }
  // Tiles that nobody needs: the invocation behind the last expert knows how many there are.
  partial[thread] = usedTiles;
  workgroupBarrier();
  let used = partial[threads - 1u];
  for (var i = 0u; i < maximumSteps; i++) {
    let unused = used + i * threads + thread;
    if (unused >= tileBound) {
      break;
    }
    tiles[2u * unused] = experts;
    tiles[2u * unused + 1u] = 0u;
  }
}

/// Row and choice of each other, by rank and by where the expert's rows begin.
@compute @workgroup_size(threads)
fn place(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  let choice = group * threads + thread;
  if (group >= launch.endWorkgroup || choice >= choices) {
    return;
  }
  let rank = order[choice];
  // Dropped: its output is 0, and the token goes on by its residual (Fedus et al. 2021).
  if (rank >= capacity) {
    rows[choice] = dropped;
    return;
  }
  // A choice and its row are written both ways: outputs are gathered by choice, inputs by row.
  let row = starts[selected[choice]] + rank;
  rows[choice] = row;
  assignments[row] = choice;
}
