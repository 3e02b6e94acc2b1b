// Packing of operands for the product of panels: eight columns side by side, one inner index after another.

/** Columns of a panel: two vectors. */
export const panelColumns: i32 = 8;

/** Bytes of one inner index of a panel. */
export const panelBytes: usize = 32;

/**
 * Packs columns [0, columns) of `inner` rows as panels of [inner, 8], zeros behind the last column.
 * @param stride bytes from one row to the next
 */
export function packRows(source: usize, stride: usize, inner: i32, columns: i32, panels: usize): void {
  const whole = columns / panelColumns;
  const panelSize = <usize>inner * panelBytes;
  for (let k = 0; k < inner; k++) {
    let from = source + <usize>k * stride;
    let to = panels + <usize>k * panelBytes;
    for (let panel = 0; panel < whole; panel++) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
      from += panelBytes;
      to += panelSize;
    }
    const rest = columns - whole * panelColumns;
    if (rest === 0) continue;
    for (let c = 0; c < panelColumns; c++) {
      f32.store(to + ((<usize>c) << 2), c < rest ? f32.load(from + ((<usize>c) << 2)) : 0);
    }
  }
}

/**
 * Packs the rows of a matrix as the columns of panels: row c, inner index k goes to column c of panel row k.
 * @param stride bytes from one row to the next
 */
export function packTransposed(source: usize, stride: usize, inner: i32, columns: i32, panels: usize): void {
  for (let first = 0; first < columns; first += panelColumns) {
    const count = min(panelColumns, columns - first);
    const from = source + <usize>first * stride;
    if (count === panelColumns) {
      transpose(from, stride, 4, inner, panels, panelBytes);
      transpose(from + 4 * stride, stride, 4, inner, panels + 16, panelBytes);
    } else {
      for (let k = 0; k < inner; k++) {
        const to = panels + <usize>k * panelBytes;
        for (let c = 0; c < panelColumns; c++) {
          const value = c < count ? f32.load(from + <usize>c * stride + ((<usize>k) << 2)) : 0;
          f32.store(to + ((<usize>c) << 2), value);
        }
      }
    }
    panels += <usize>inner * panelBytes;
  }
}

/** to[c, r] = from[r, c] for four rows r or fewer (the rest is left alone) and `columns` columns c. Strides in bytes. */
export function transpose(
  from: usize,
  fromStride: usize,
  rows: i32,
  columns: i32,
  to: usize,
  toStride: usize,
): void {
  let c = 0;
  if (rows === 4) {
    for (; c + 4 <= columns; c += 4) {
      const r0 = v128.load(from);
      const r1 = v128.load(from + fromStride);
      const r2 = v128.load(from + 2 * fromStride);
      const r3 = v128.load(from + 3 * fromStride);
      const low01 = i32x4.shuffle(r0, r1, 0, 4, 1, 5);
      const high01 = i32x4.shuffle(r0, r1, 2, 6, 3, 7);
      const low23 = i32x4.shuffle(r2, r3, 0, 4, 1, 5);
      const high23 = i32x4.shuffle(r2, r3, 2, 6, 3, 7);
      v128.store(to, i32x4.shuffle(low01, low23, 0, 1, 4, 5));
      v128.store(to + toStride, i32x4.shuffle(low01, low23, 2, 3, 6, 7));
      v128.store(to + 2 * toStride, i32x4.shuffle(high01, high23, 0, 1, 4, 5));
      v128.store(to + 3 * toStride, i32x4.shuffle(high01, high23, 2, 3, 6, 7));
      from += 16;
      to += 4 * toStride;
    }
  }
  for (; c < columns; c++) {
    for (let r = 0; r < rows; r++) f32.store(to + ((<usize>r) << 2), f32.load(from + <usize>r * fromStride));
    from += 4;
    to += toStride;
  }
}
