// What an optimizer says of itself: its name, its settings, what it keeps of parameters, and how its update is recorded.
import type { OptimizerState, ParameterStore, ShardPart } from '../plan/store.ts';
import type { Tape } from '../plan/tape.ts';
import { elementCount, type Tensor } from '../plan/tensor.ts';

/** A row of the table of optimizers. Memory, checkpoints, the form and the diagram are read from it. */
export interface Optimizer<Settings> {
  /** Its name for people, as in the model's diagram. */
  readonly label: string;
  /** A clause for the form: what it does. */
  readonly summary: string;
  /** Settings below `train.optimizer` that have an effect, the learning rate apart, which all have. */
  readonly settings: readonly (keyof Settings & string)[];
  readonly states: readonly OptimizerState[];
  /**
   * Records the update of all parameters by their gradients.
   * @param metrics as gradientNorm leaves them: a step that is not finite changes nothing, gradients are clipped
   */
  readonly record: (
    tape: Tape,
    store: ParameterStore,
    metrics: Tensor,
    settings: Settings & GradientUse,
  ) => void;
}

/** What the update does with gradients once it has read them: 1 leaves them at zero, for the next accumulation. */
export interface GradientUse {
  readonly clearGradient: 0 | 1;
}

/** What is kept of a part under a name. @throws if the parameters were laid out without it */
export function stateOf({ weights, states }: Pick<ShardPart, 'weights' | 'states'>, name: string): Tensor {
  const state = states.get(name);
  if (!state)
    throw new Error(`optimizer: there is no ${name} of ${weights.name}. Lay the parameters out with it.`);
  return state;
}

/** Dims of a dispatch over a whole part: its elements, and how many of them decay. */
export function extentOf({ weights, decayElements }: ShardPart) {
  return { elements: elementCount(weights.shape), decayElements };
}
