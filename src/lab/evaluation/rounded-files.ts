// The weights of a model as an evaluation rounds them: as its runtime stores them, or to f16 on the way there.
import { roundToFloat16 } from '../../data/half-float.ts';
import { storedParameters, type VocabularyTable } from '../../model/weight-format.ts';
import { type WeightFormat, weightFormats } from '../../plan/quantised.ts';
import { elementCount } from '../../plan/tensor.ts';
import type { ParameterPart } from '../plans/parameter-io.ts';
import { LabError } from '../plans/problem.ts';
import type { ModelFiles } from '../training/model-files.ts';

/** What weights can be rounded to. No kernel reads f16: such numbers are multiplied in f32. */
export type QualityWeights = WeightFormat | 'f16';

/** All of them, the exact one first. */
export const qualityWeights: readonly QualityWeights[] = ['f32', 'f16', ...weightFormats.slice(1)];

/** A model to be opened with weights in `format`. */
export interface RoundedFiles extends Pick<ModelFiles, 'model' | 'weights'> {
  readonly format: WeightFormat;
  /** What the weights would take, of a format that no runtime stores. */
  readonly bytes?: number;
}

/**
 * Rounds a model's matrices to f16 as they are read, those that int8 would round; other formats are left to the runtime.
 * @throws LabError while reading, for a weight that f16 does not hold
 */
export function roundedFiles(
  { model, weights }: Pick<ModelFiles, 'model' | 'weights'>,
  format: QualityWeights,
  unquantised: readonly VocabularyTable[],
): RoundedFiles {
  if (format !== 'f16') return { model, weights, format };
  const stored = storedParameters(model, { unquantised, weights: 'int8' });
  const isRounded = new Set(stored.filter((one) => one.format !== 'f32').map(({ name }) => name));
  const bytesOf = ({ name, shape }: (typeof stored)[number]) =>
    (isRounded.has(name) ? 2 : 4) * elementCount(shape);
  const round = (part: ParameterPart): ParameterPart => {
    const { name, first } = part;
    if (!isRounded.has(name)) return part;
    const values = part.values.map(roundToFloat16);
    const lost = values.findIndex((value) => !Number.isFinite(value));
    if (lost < 0) return { name, first, values };
    const message =
      `evaluate: weight ${first + lost} of ${name} is ${part.values[lost]}, which f16 does not hold. ` +
      'Leave f16 out.';
    throw new LabError({ kind: 'invalidData', message });
  };
  return {
    model,
    weights: { forEachPart: (take) => weights.forEachPart((part) => take(round(part))) },
    format: 'f32',
    bytes: stored.reduce((sum, one) => sum + bytesOf(one), 0),
  };
}
