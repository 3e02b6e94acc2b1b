// A generated corpus of sums: one calculation per line, such as "37+48=85".
import { pick, type Random } from './random.ts';

/** Most digits of a number, by operation; products stay short enough to be learned by a tiny model. */
const mostDigits = { '+': 4, '-': 4, '*': 2 } as const;
const operations = ['+', '-', '*'] as const;

/** One line without its line end; each number of digits from 1 up is equally likely, differences may be negative. */
export function writeCalculation(random: Random): string {
  const operation = pick(random, operations);
  const left = drawNumber(random, mostDigits[operation]);
  const right = drawNumber(random, mostDigits[operation]);
  const result = operation === '+' ? left + right : operation === '-' ? left - right : left * right;
  return `${left}${operation}${right}=${result}`;
}

/** A number of 1 to mostDigits digits, without leading zeros. */
function drawNumber(random: Random, mostDigits: number): number {
  const digits = 1 + random.integer(mostDigits);
  const lowest = digits === 1 ? 0 : 10 ** (digits - 1);
  return lowest + random.integer(10 ** digits - lowest);
}
