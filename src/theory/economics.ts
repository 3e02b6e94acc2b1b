// Time, energy and money of so many multiply-adds, under stated assumptions.
import {
  type Assumptions,
  operatingShare,
  pressAssumptions,
  priceOfMultiplyAdd,
  requirePossible,
  secondsPerYear,
} from './assumptions.ts';

/** What a computation costs. Dollars are capital only unless the name says otherwise. */
export interface Economics {
  /** Years of one GPU. */
  readonly gpuYears: number;
  readonly gpuHours: number;
  /** Capital: multiply-adds times the price of one, which Press rounds to 1e-18 dollars. */
  readonly dollars: number;
  /** Capital: GPU-years times the price of a year, not rounded (5.6 % above `dollars` with Press's figures). */
  readonly dollarsByGpuYears: number;
  readonly kilowattHours: number;
  readonly energyDollars: number;
  /** Running costs by Press's share of capital, 50 to 100 %. */
  readonly operatingDollars: { readonly low: number; readonly high: number };
}

/** Units of `Economics`. */
export const economicsUnits: Readonly<Record<keyof Economics, string>> = {
  gpuYears: 'years of one GPU',
  gpuHours: 'hours of one GPU',
  dollars: 'US dollars, capital only',
  dollarsByGpuYears: 'US dollars, capital only',
  kilowattHours: 'kWh',
  energyDollars: 'US dollars',
  operatingDollars: 'US dollars',
};

/**
 * Costs of so many multiply-adds (Press, section 5). A multiply-add counts as ONE: halve a count of flops first.
 * @throws an ImpossibleInputError for a peak of zero or a negative price.
 */
export function pressEconomics(multiplyAdds: number, given: Assumptions = pressAssumptions): Economics {
  const assumptions = requirePossible(given);
  const seconds = multiplyAdds / assumptions.multiplyAddsPerSecond;
  const dollars = multiplyAdds * priceOfMultiplyAdd(assumptions);
  const kilowattHours = (seconds / 3600) * (assumptions.wattsPerGpu / 1000);
  return {
    gpuYears: seconds / secondsPerYear,
    gpuHours: seconds / 3600,
    dollars,
    dollarsByGpuYears: (seconds / secondsPerYear) * assumptions.dollarsPerGpuYear,
    kilowattHours,
    energyDollars: kilowattHours * assumptions.dollarsPerKilowattHour,
    operatingDollars: { low: operatingShare.low * dollars, high: operatingShare.high * dollars },
  };
}
