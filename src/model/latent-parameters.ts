// The parameters of latent attention in one layer: names and shapes, before their initialisation.
import { type AttentionConfig, scoreSize } from './attention-config.ts';

/** What the shapes depend on. */
export type LatentSizes = Pick<
  AttentionConfig,
  'attention' | 'latentSize' | 'queryLatentSize' | 'ropeHeadSize' | 'valueHeadSize' | 'latentNorm'
> & { readonly width: number; readonly heads: number; readonly headSize: number };

/** A parameter: a matrix [inputs, outputs], or the weight of an RMSNorm [channels]. */
export interface LatentParameter {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * Parameters below `layers.i.`, without the projection after attention. Heads follow one another: in queries each as
 * [unrotated part | rotated part], in `attention.latentUp` as [key | value].
 */
export function latentParameters(model: LatentSizes): LatentParameter[] {
  const { width, heads, headSize, latentSize, queryLatentSize, ropeHeadSize, valueHeadSize } = model;
  const queries = heads * scoreSize(model);
  const parameter = (name: string, ...shape: readonly number[]) => ({ name: `attention.${name}`, shape });
  const norm = (name: string, channels: number) => (model.latentNorm ? [parameter(name, channels)] : []);
  const compressed = [
    parameter('queryDown', width, queryLatentSize),
    ...norm('queryNorm', queryLatentSize),
    parameter('queryUp', queryLatentSize, queries),
  ];
  return [
    ...(queryLatentSize > 0 ? compressed : [parameter('query', width, queries)]),
    parameter('latentDown', width, latentSize),
    ...norm('latentNorm', latentSize),
    ...(ropeHeadSize > 0 ? [parameter('ropeKey', width, ropeHeadSize)] : []),
    parameter('latentUp', latentSize, heads * (headSize + valueHeadSize)),
  ];
}
