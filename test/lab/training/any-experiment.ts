// Arbitrary experiments of small sizes, every field of a model varied, for properties that hold for all of them.
import fc from 'fast-check';
import { nest } from '../../../src/model/config.ts';
import type { Field, FieldValue } from '../../../src/model/fields/kinds.ts';
import { experimentFields } from '../../../src/model/fields/table.ts';

/** Sizes small enough for many models, among them some that do not fit each other. */
export const triedSizes: Readonly<Record<string, readonly FieldValue[]>> = {
  'model.layers': [1, 2, 3],
  'model.width': [8, 12, 20],
  'model.heads': [1, 2, 4],
  'model.keyValueHeads': [0, 0, 0, 1, 2],
  'model.headSize': [0, 0, 4, 6, 7],
  'model.hidden': [0, 10, 24],
  'model.context': [5, 8, 17],
  'model.vocabulary': [11, 64],
  'model.latentSize': [3, 6, 8, 40],
  'model.queryLatentSize': [0, 0, 5],
  'model.ropeHeadSize': [0, 2, 4, 3],
  'model.valueHeadSize': [0, 4, 6],
  'model.window': [1, 3, 8, 100],
  'model.windowPattern': ['', '', 'L', 'LG', 'GLL'],
  'model.positionPattern': ['', '', '', 'RN', 'N'],
  'model.localRopeBase': [0, 100],
  'model.ropeBase': [10_000, 500],
  'model.ropeFraction': [1, 1, 0.5, 0.3],
  'model.parallelNorms': ['shared', 'shared', 'shared', 'own'],
  'model.ropeScaling': [
    ...new Array(9).fill('none'),
    'linear',
    'ntk',
    'dynamic',
    'llama3',
    'yarn',
    'longrope',
  ],
  'model.ropeScalingFactor': [1, 4],
  'model.attentionScale': [0, 0.2],
  'model.attentionSoftcap': [0, 0, 20],
  'model.logitSoftcap': [0, 30],
  'model.residualScale': [1, 0.22],
  'model.embeddingMultiplier': [1, 12],
  'model.logitScale': [1, 0.125],
  'model.ropeOriginalContext': [0, 4],
  'model.ropeBetaFast': [32, 2],
  'model.ropeBetaSlow': [1, 0.5],
  'model.ropeLowFrequencyFactor': [1, 2],
  'model.ropeHighFrequencyFactor': [4, 3],
  'model.ropeAttentionFactor': [0, 1.2],
  'model.ropeShortFactors': ['', '1,1,1'],
  'model.ropeLongFactors': ['', '2,3,4'],
  'model.normEpsilon': [1e-5],
  'model.dropout': [0, 0.1],
  'model.experts': [0, 0, 2, 5],
  'model.expertsPerToken': [1, 2, 3],
  'model.expertHidden': [0, 6],
  'model.sharedExperts': [0, 1, 2],
  'model.sharedHidden': [0, 5],
  'model.denseLayers': [0, 1],
  'model.moeInterval': [1, 2],
  'model.routerScale': [1, 2.5],
  'model.balanceLoss': [0, 0.01],
  'model.routerZLoss': [0, 0.001],
  'model.routerNoise': [0, 0.5],
  'model.routerBiasRate': [0, 0.001],
  'model.capacityFactor': [0, 1.25],
  'train.steps': [10],
  'train.batch': [1, 3],
  'train.accumulation': [1, 2],
  'train.clip': [0, 1],
  'train.optimizer.learningRate': [0.01],
};

/** Fields of the model and of what the plans depend on: any choice, either answer, and the sizes above. */
const fields: readonly Field[] = experimentFields.filter(
  ({ path, kind }: Field) =>
    path in triedSizes ||
    (path.startsWith('model.') && (kind === 'choice' || kind === 'boolean')) ||
    ['train.recompute', 'train.lossPositions', 'train.optimizer.kind'].includes(path),
);

/** Any experiment of the table's fields as a file has it, accepted or not. */
export const anyExperiment = fc
  .tuple(...fields.map((field) => fc.constantFrom(...valuesOf(field))))
  .map((values) => nest(new Map(fields.map(({ path }, i) => [path, values[i] as FieldValue]))));

function valuesOf(field: Field): readonly FieldValue[] {
  const given = triedSizes[field.path];
  if (given) return given;
  if (field.kind === 'choice') return [field.default, ...field.choices];
  if (field.kind === 'boolean') return [true, false];
  throw new Error(`${field.path} has no values to try. Add some to triedSizes.`);
}
