// The half of a causal map that is not zero, row after row: how files carry it.

/** The entries at and left of the diagonal. @param map [T, T] */
export function lowerTriangle(map: ArrayLike<number>, time: number): number[] {
  const kept: number[] = [];
  for (let row = 0; row < time; row++) {
    for (let column = 0; column <= row; column++) kept.push(map[row * time + column]);
  }
  return kept;
}

/** The map, [T, T], zero right of the diagonal. @throws RangeError if the entries are not those of T rows */
export function fromLowerTriangle(entries: ArrayLike<number>, time: number): Float32Array {
  const expected = (time * (time + 1)) / 2;
  if (entries.length !== expected) {
    const found = `${entries.length} entries, and ${time} rows have ${expected}`;
    throw new RangeError(`triangle: ${found}. The file is damaged.`);
  }
  const map = new Float32Array(time * time);
  let at = 0;
  for (let row = 0; row < time; row++) {
    for (let column = 0; column <= row; column++) map[row * time + column] = entries[at++];
  }
  return map;
}
