// Which parameters of a model are quantised: matrices and the tables of the vocabulary, as far as the options say.
import type { QuantisedFormat, WeightFormat } from '../plan/quantised.ts';
import { quantisedMatrices, quantisedWords } from '../plan/quantised.ts';
import type { CacheFormat } from '../plan/quantised-cache.ts';
import { elementCount } from '../plan/tensor.ts';
import type { ModelConfig } from './config.ts';
import { type ParameterSpec, parameterSpecs } from './parameters.ts';

/** A table of the vocabulary that may stay in f32. */
export type VocabularyTable = 'embedding' | 'head';

/** How inference stores weights. */
export interface WeightOptions {
  /** f32 unless given. */
  readonly weights?: WeightFormat;
  /** Tables that stay in f32; a tied head is the embedding, and either name keeps it. */
  readonly unquantised?: readonly VocabularyTable[];
}

/** How inference stores weights, and what its caches keep. */
export interface InferenceFormats extends WeightOptions {
  /** f32 unless given. */
  readonly cache?: CacheFormat;
}

/**
 * How one parameter is stored. Vectors, positions and routers stay in f32: they are small, and routers choose by small
 * differences.
 */
export function weightFormatOf(
  spec: Pick<ParameterSpec, 'name' | 'shape' | 'decay'>,
  { weights = 'f32', unquantised = [] }: WeightOptions,
  { tiedHead }: Pick<ModelConfig, 'tiedHead'>,
): WeightFormat {
  const { name, shape, decay } = spec;
  if (!decay || shape.length < 2 || name === 'positionEmbedding' || name.endsWith('.router')) return 'f32';
  const isKept = (table: VocabularyTable) => unquantised.includes(table);
  if (name === 'head' && isKept('head')) return 'f32';
  if (name === 'tokenEmbedding' && (isKept('embedding') || (tiedHead && isKept('head')))) return 'f32';
  return weights;
}

/** A parameter with the bytes that it takes in the format that it is stored in. */
export interface StoredParameter extends ParameterSpec {
  readonly format: WeightFormat;
  readonly bytes: number;
}

/** All parameters as inference stores them. */
export function storedParameters(model: ModelConfig, options: WeightOptions = {}): StoredParameter[] {
  return parameterSpecs(model).map((spec) => {
    const format = weightFormatOf(spec, options, model);
    return { ...spec, format, bytes: bytesOf(spec, format) };
  });
}

function bytesOf(spec: ParameterSpec, format: WeightFormat): number {
  if (format === 'f32') return 4 * elementCount(spec.shape);
  return 4 * quantisedWords(quantisedMatrices(format satisfies QuantisedFormat, spec));
}
