// The cost of training the model on the device at hand, from its measured peak: days, energy and money. Pure.
import type { Assumptions } from '../../theory/assumptions.ts';
import { pressEconomics } from '../../theory/economics.ts';
import { pressCosts } from '../../theory/press.ts';
import type { CostsInputs } from './inputs.ts';

/** What is known or assumed of the device. */
export interface OwnDevice {
  /** Measured FMA peak, a multiply-add as two. */
  readonly peakFlopsPerSecond: number;
  /** Share of the peak that a training run keeps up. */
  readonly utilization: number;
  readonly watts: number;
  readonly dollarsPerKilowattHour: number;
}

/** What training costs there. */
export interface OwnCosts {
  readonly tokens: number;
  /** Equation 5 per token, vocabulary included, times the tokens. */
  readonly multiplyAdds: number;
  readonly seconds: number;
  readonly kilowattHours: number;
  readonly dollars: number;
  /** Against a GPU of the room's assumptions. */
  readonly gpusReplaced: number;
}

/** Training the model on so many tokens on one such device. @throws an ImpossibleInputError for an impossible figure */
export function ownCosts({ model, assumptions }: CostsInputs, device: OwnDevice, tokens: number): OwnCosts {
  const costs = pressCosts(model, assumptions.tokensPerParameter);
  const multiplyAdds = (costs.trainingMultiplyAddsPerContext / model.context) * tokens;
  const own: Assumptions = {
    ...assumptions,
    multiplyAddsPerSecond: (device.peakFlopsPerSecond * device.utilization) / 2,
    wattsPerGpu: device.watts,
    dollarsPerKilowattHour: device.dollarsPerKilowattHour,
  };
  const { gpuHours, kilowattHours, energyDollars } = pressEconomics(multiplyAdds, own);
  return {
    tokens,
    multiplyAdds,
    seconds: gpuHours * 3600,
    kilowattHours,
    dollars: energyDollars,
    gpusReplaced: own.multiplyAddsPerSecond / assumptions.multiplyAddsPerSecond,
  };
}
