// Rounds numbers that stay numbers: to significant digits, and to the decimals that a drawing can show.

/** A number of so many significant digits: a figure that people type in, or one that does not depend on the last bits. */
export function significant(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

/** A number of so many decimals: tenths of pixels, thousandths of opacity. */
export function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
