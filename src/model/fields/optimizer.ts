// The fields of `train.optimizer`: which optimizer, and the settings of all of them. The configuration's type is read from here.
import { optimizerNames, optimizers, optimizersWith } from '../../kernels/optimizer-table.ts';
import type { ChoiceField, Field, FieldValue } from './kinds.ts';

/** Says that a setting has an effect only with the optimizers that list it. */
function ifUsed(setting: string): Pick<Field, 'onlyIf'> {
  const values = optimizersWith(setting);
  return values.length === optimizerNames.length ? {} : { onlyIf: { path: 'train.optimizer.kind', values } };
}

/** Fields of `train.optimizer`, in the order of the form. */
export const optimizerFields = [
  {
    path: 'train.optimizer.learningRate',
    kind: 'number',
    label: 'Learning rate',
    help: 'Size of an update after warm-up.',
    minimum: 1e-9,
    maximum: 10,
    default: 1e-3,
    required: true,
  },
  {
    path: 'train.optimizer.kind',
    kind: 'choice',
    label: 'Optimizer',
    help: `${optimizerNames.map((name) => optimizers[name].summary).join('; ')}.`,
    choices: optimizerNames,
    default: 'adamw',
    advanced: true,
  },
  {
    path: 'train.optimizer.beta1',
    kind: 'number',
    label: 'β₁',
    help: 'Memory of the mean gradient; in Lion, the part of it that a direction has.',
    minimum: 0,
    maximum: 0.999999,
    default: 0.9,
    ...ifUsed('beta1'),
    advanced: true,
  },
  {
    path: 'train.optimizer.beta2',
    kind: 'number',
    label: 'β₂',
    help: 'Memory of the squared gradient; in Lion, of the mean gradient.',
    minimum: 0,
    maximum: 0.999999,
    default: 0.99,
    ...ifUsed('beta2'),
    advanced: true,
  },
  {
    path: 'train.optimizer.epsilon',
    kind: 'number',
    label: 'ε',
    help: 'Added to the root of the squared gradient; in Adafactor, the least value of the root.',
    minimum: 1e-16,
    maximum: 0.1,
    default: 1e-8,
    ...ifUsed('epsilon'),
    advanced: true,
  },
  {
    path: 'train.optimizer.weightDecay',
    kind: 'number',
    label: 'Weight decay',
    help: 'Pulls matrices and embeddings towards zero, in proportion to the learning rate.',
    minimum: 0,
    maximum: 10,
    default: 0.1,
    ...ifUsed('weightDecay'),
    advanced: true,
  },
  {
    path: 'train.optimizer.momentum',
    kind: 'number',
    label: 'Momentum',
    help: 'Part of the last update that is kept.',
    minimum: 0,
    maximum: 0.999999,
    default: 0.9,
    ...ifUsed('momentum'),
    advanced: true,
  },
  {
    path: 'train.optimizer.matrixRate',
    kind: 'number',
    label: 'Rate of matrices',
    help: 'Factor on the learning rate where Muon updates.',
    minimum: 1e-3,
    maximum: 1000,
    default: 1,
    ...ifUsed('matrixRate'),
    advanced: true,
  },
  {
    path: 'train.optimizer.matrixScale',
    kind: 'choice',
    label: 'Size of Muon’s updates',
    help: 'Rms: as large as AdamW’s, 0.2 · √(longer side). Shape: √(outputs / inputs) where that is above 1, as first published.',
    choices: ['rms', 'shape'],
    default: 'rms',
    ...ifUsed('matrixScale'),
    advanced: true,
  },
  {
    path: 'train.optimizer.decayExponent',
    kind: 'number',
    label: 'Decay exponent',
    help: 'The mean of squared gradients forgets less and less: of step t the part t^−0.8 is new with 0.8.',
    minimum: 0,
    maximum: 1,
    default: 0.8,
    ...ifUsed('decayExponent'),
    advanced: true,
  },
  {
    path: 'train.optimizer.minimumScale',
    kind: 'number',
    label: 'Least scale',
    help: 'Steps are relative to the root mean square of a parameter, or to this where it is larger (ε₂).',
    minimum: 0,
    maximum: 10,
    default: 1e-3,
    ...ifUsed('minimumScale'),
    advanced: true,
  },
  {
    path: 'train.optimizer.updateClip',
    kind: 'number',
    label: 'Update clip',
    help: 'Largest root mean square of a parameter’s update, before the learning rate (d).',
    minimum: 1e-3,
    maximum: 1e6,
    default: 1,
    ...ifUsed('updateClip'),
    advanced: true,
  },
] as const satisfies readonly Field[];

type OptimizerField = (typeof optimizerFields)[number];
type NameOf<Path> = Path extends `train.optimizer.${infer Name}` ? Name : never;
type ValueOf<F> = F extends ChoiceField ? F['choices'][number] : number;

/** Settings of the optimizer; which of them have an effect the optimizer says. */
export type OptimizerConfig = { readonly [F in OptimizerField as NameOf<F['path']>]: ValueOf<F> };

/** Every setting at its default. */
export const defaultOptimizer = Object.fromEntries(
  optimizerFields.map(({ path, default: value }): [string, FieldValue] => [
    path.split('.').at(-1) ?? '',
    value,
  ]),
) as OptimizerConfig;
