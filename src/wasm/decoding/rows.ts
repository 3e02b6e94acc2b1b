// What decoding takes of whole rows: the last real one of a padded prompt, and the column of a row's largest number.
import { firstLargest } from '../numeric/order.ts';

/** y = x[length − 1]. */
export function selectRow(x: usize, y: usize, rows: i32, columns: i32, length: i32): void {
  const bytes = (<usize>columns) << 2;
  memory.copy(y, x + <usize>(min(max(length, 1), rows) - 1) * bytes, bytes);
}

/** chosen[row] = column of the largest x[row], the first of equals. */
export function largest(x: usize, chosen: usize, columns: i32, first: i32, last: i32): void {
  for (let row = first; row < last; row++) {
    const at = x + <usize>row * ((<usize>columns) << 2);
    store<i32>(chosen + ((<usize>row) << 2), firstLargest(at, columns));
  }
}

/** Units of work: rows. */
export function largestUnits(rows: i32): i32 {
  return rows;
}
