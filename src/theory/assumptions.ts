// What an estimate of time and money assumes: inputs with their units, Press's by default, and the sentences that refuse the impossible.

/** Assumptions of an estimate. Every field may be set; the unit is in its name. */
export interface Assumptions {
  /** Sustained rate of one GPU; a multiply-add counts as one. */
  readonly multiplyAddsPerSecond: number;
  /** Price of having one GPU for a year, without running it. */
  readonly dollarsPerGpuYear: number;
  /** Price of one multiply-add; undefined takes the exact quotient of the two fields above. */
  readonly dollarsPerMultiplyAdd: number | undefined;
  /** Electrical power of one GPU with its share of host and cooling. */
  readonly wattsPerGpu: number;
  readonly dollarsPerKilowattHour: number;
  /** Tokens to train on per parameter (Hoffmann et al. 2022). */
  readonly tokensPerParameter: number;
}

/**
 * Those of W. H. Press, arXiv 2511.11572, section 5, who rounds $10 000 / (300 T/s · 1 year) = 1.056e-18 to 1e-18 dollars.
 * The paper puts running costs at 50 to 100 % of capital and states neither power nor price of energy: those two are ours.
 */
export const pressAssumptions: Assumptions = {
  multiplyAddsPerSecond: 300e12,
  dollarsPerGpuYear: 10_000,
  dollarsPerMultiplyAdd: 1e-18,
  wattsPerGpu: 700, // board power of an H100 SXM, NVIDIA's data sheet
  dollarsPerKilowattHour: 0.1,
  tokensPerParameter: 20,
};

/** Running costs as a share of capital (Press, section 5). */
export const operatingShare = { low: 0.5, high: 1 } as const;

/** Seconds of a Julian year. */
export const secondsPerYear = 365.25 * 24 * 3600;

const rules: readonly (readonly [
  field: keyof Assumptions,
  title: string,
  unit: string,
  mayBeZero: boolean,
])[] = [
  ['multiplyAddsPerSecond', 'peak', 'multiply-adds per second', false],
  ['dollarsPerGpuYear', 'price of a GPU-year', 'dollars', true],
  ['dollarsPerMultiplyAdd', 'price of a multiply-add', 'dollars', true],
  ['wattsPerGpu', 'power of a GPU', 'watts', true],
  ['dollarsPerKilowattHour', 'price of energy', 'dollars per kWh', true],
  ['tokensPerParameter', 'tokens per parameter', 'tokens', false],
];

/** Beyond these, quotients and products of the assumptions are no numbers any more. */
const magnitudes = { smallest: 1e-60, largest: 1e60 } as const;

/** One sentence for each assumption that nothing can be computed from; none when all are possible. */
export function assumptionProblems(assumptions: Assumptions): string[] {
  return rules.flatMap(([field, title, unit, mayBeZero]) => {
    const value = assumptions[field];
    if (value === undefined) return [];
    const { smallest, largest } = magnitudes;
    if ((value >= smallest && value <= largest) || (mayBeZero && value === 0)) return [];
    const isTooFar = value > 0 && Number.isFinite(value);
    const above = mayBeZero ? 'Give 0 or more.' : 'Give more than 0.';
    const advice = isTooFar ? `Give ${smallest} to ${largest}.` : above;
    return [`assumptions: ${title} is impossible: ${value} ${unit}. ${advice}`];
  });
}

/** The assumptions as they are. @throws an ImpossibleInputError with the sentences of `assumptionProblems`. */
export function requirePossible(assumptions: Assumptions): Assumptions {
  const problems = assumptionProblems(assumptions);
  if (problems.length > 0) refuseInput(problems.join(' '));
  return assumptions;
}

/** A number above zero. @throws an ImpossibleInputError that names it. */
export function requirePositive(who: string, what: string, value: number): void {
  if (Number.isFinite(value) && value > 0) return;
  refuseInput(`${who}: ${what} is impossible: ${value}. Give more than 0.`);
}

/** Refuses an input. @throws an error named ImpossibleInputError, so that callers can tell bad input from a bug */
export function refuseInput(message: string): never {
  const error = new Error(message);
  error.name = 'ImpossibleInputError';
  throw error;
}

/** Assumptions as JSON can say them: a derived price is written out. */
export function statedAssumptions(assumptions: Assumptions): Record<keyof Assumptions, number> {
  return { ...assumptions, dollarsPerMultiplyAdd: priceOfMultiplyAdd(assumptions) };
}

/** Dollars of capital per multiply-add: as given, or price over rate. */
export function priceOfMultiplyAdd(assumptions: Assumptions): number {
  const { dollarsPerMultiplyAdd, dollarsPerGpuYear, multiplyAddsPerSecond } = assumptions;
  return dollarsPerMultiplyAdd ?? dollarsPerGpuYear / (multiplyAddsPerSecond * secondsPerYear);
}
