// A configuration of ours as the closed forms of serving want it.
import { layerAttention } from '../../model/attention-config.ts';
import type { ModelConfig } from '../../model/config.ts';
import { parameterSpecs } from '../../model/parameters.ts';
import { elementCount } from '../../plan/tensor.ts';
import type { CacheEntry, CacheLayout } from '../../theory/kv-cache.ts';
import type { ServedModel } from '../../theory/serving.ts';

/** The numbers of a model by how decoding reads them, and its cache. */
export function servedModelOf(model: ModelConfig): ServedModel {
  const specs = parameterSpecs(model);
  const sum = (isCounted: (name: string, shape: readonly number[]) => boolean) =>
    specs
      .filter(({ name, shape }) => isCounted(name, shape))
      .reduce((all, { shape }) => all + elementCount(shape), 0);
  const hasHead = specs.some(({ name }) => name === 'head');
  // Of tables only the head is multiplied by; tied, it is the embedding.
  const isLookedUp = (name: string) => name === 'positionEmbedding' || (hasHead && name === 'tokenEmbedding');
  const routed = sum((name, shape) => /\.experts\./.test(name) && shape.length > 2);
  const parameters = sum(() => true);
  return {
    parameters,
    denseParameters: parameters - sum(isLookedUp) - routed,
    ...(routed > 0
      ? { experts: { parameters: routed, count: model.experts, perToken: model.expertsPerToken } }
      : {}),
    cache: cacheLayoutOf(model),
  };
}

/** What the model's cache of keys and values holds. */
export function cacheLayoutOf(model: ModelConfig): CacheLayout {
  const { layers, heads, keyValueHeads, headSize } = model;
  const entry: CacheEntry =
    model.attention === 'latent'
      ? { kind: 'latent', latent: model.latentSize, decoupledKey: model.ropeHeadSize }
      : { kind: 'heads', keyValueHeads, headSize };
  const locals = Array.from({ length: layers }, (_, layer) => layerAttention(model, layer)).filter(
    ({ isLocal }) => isLocal,
  ).length;
  const groups = [
    { layers: locals, entry, window: model.window },
    { layers: layers - locals, entry },
  ].filter((group) => group.layers > 0);
  return { heads, headSize, groups };
}
