// Latent attention in DeepSeek's files.
import { scoreSize } from '../attention-config.ts';
import type { ModelConfig } from '../config.ts';
import { linearPart, type Part, range, rowPart } from './parts.ts';

/**
 * Latent attention as DeepSeek's files have it: the latent and the rotated key come from one matrix, and pairs that are
 * rotated lie side by side, (0, 1), (2, 3) …, where ours lie half a head apart.
 */
export function latentParts(
  model: ModelConfig,
  prefix: string,
): readonly (readonly [name: string, parts: readonly Part[]])[] {
  const { width, heads, headSize, latentSize, queryLatentSize, ropeHeadSize, valueHeadSize } = model;
  const size = scoreSize(model);
  const half = ropeHeadSize / 2;
  const rotated = (first: number) =>
    Array.from({ length: ropeHeadSize }, (_, i) => first + 2 * (i % half) + Math.floor(i / half));
  const queryRows = Array.from({ length: heads }, (_, head) => [
    ...range(headSize, head * size),
    ...rotated(head * size + headSize),
  ]).flat();
  const query = (name: string, inputs: number): Part => ({
    ...linearPart(`${prefix}${name}`, inputs, queryRows.length),
    fileOrder: queryRows,
  });
  const down = linearPart(`${prefix}kv_a_proj_with_mqa`, width, latentSize + ropeHeadSize);
  return [
    ['query', [query('q_proj', width)]],
    ['queryDown', [linearPart(`${prefix}q_a_proj`, width, queryLatentSize)]],
    ['queryNorm', [rowPart(`${prefix}q_a_layernorm.weight`, queryLatentSize)]],
    ['queryUp', [query('q_b_proj', queryLatentSize)]],
    ['latentDown', [{ ...down, columns: latentSize }]],
    ['latentNorm', [rowPart(`${prefix}kv_a_layernorm.weight`, latentSize)]],
    ['ropeKey', [{ ...down, columns: ropeHeadSize, fileOrder: rotated(latentSize) }]],
    ['latentUp', [linearPart(`${prefix}kv_b_proj`, latentSize, heads * (headSize + valueHeadSize))]],
    ['projection', [linearPart(`${prefix}o_proj`, heads * valueHeadSize, width)]],
  ];
}
