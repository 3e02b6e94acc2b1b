// The table of optimizers: the schema's choice and types, memory, checkpoints, the form and the diagram are read from it.
import { adafactorOptimizer } from './adafactor.ts';
import { muonOptimizer } from './muon.ts';
import { adamWOptimizer, lionOptimizer, sgdOptimizer } from './optimizers.ts';

/** All optimizers by their names in configurations. */
export const optimizers = {
  adamw: adamWOptimizer,
  sgd: sgdOptimizer,
  muon: muonOptimizer,
  lion: lionOptimizer,
  adafactor: adafactorOptimizer,
} as const;

/** An optimizer by name. */
export type OptimizerName = keyof typeof optimizers;

/** Names of the optimizers, in the order of the form. */
export const optimizerNames = Object.keys(optimizers) as OptimizerName[];

/** The optimizers on which a setting below `train.optimizer` has an effect. */
export function optimizersWith(setting: string): OptimizerName[] {
  return optimizerNames.filter((name) => {
    const settings: readonly string[] = optimizers[name].settings;
    return settings.includes(setting);
  });
}
