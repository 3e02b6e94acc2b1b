// Multi-head latent attention (DeepSeek-AI, arXiv 2405.04434 §2.1): keys and values of all heads come from one small vector a
// token, and positions from one rotated key that the heads share.
//
// Sequences expand the latents and attend as ever. One token beside a cache absorbs the expansion instead: as q·(W c) =
// (Wᵀq)·c, queries are taken to the latents, which are keys and values of a single head, and what they give is expanded.
import { attention } from '../kernels/attention.ts';
import { decodeAttention } from '../kernels/decode-attention.ts';
import { headMatmul } from '../kernels/head-matmul.ts';
import { latentDecode, latentPrefill } from '../kernels/latent-cache.ts';
import { type LatentRope, latentPack } from '../kernels/latent-pack.ts';
import { linear } from '../kernels/linear.ts';
import { rmsNorm } from '../kernels/rms-norm.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { scoreScale, scoreSize } from './attention-config.ts';
import { recordLinear } from './linear-layer.ts';
import { biasOf, type ModelTensors, ropeTableOf, weightOf } from './tensors.ts';

/** What a token is projected to. */
interface Projections {
  /** [N, H·(D + r)], not rotated yet. */
  readonly queries: Tensor;
  /** [N, d_c], normed. */
  readonly latent: Tensor;
  /** Key [N, r] that is not rotated yet, and its table; only with rotary positions. */
  readonly rope: LatentRope | undefined;
}

/**
 * Latent attention of whole sequences. normed: [B·T, C].
 * @param cache [context, d_c + r], filled for the decode plan when given (B = 1)
 * @returns [B·T, H·Dv]
 */
export function recordLatentAttention(
  tape: Tape,
  model: ModelTensors,
  layer: number,
  normed: Tensor,
  { batch, time }: { readonly batch: number; readonly time: number },
  cache?: Tensor,
): Tensor {
  const { config } = model;
  const { queries, latent, rope } = recordProjections(tape, model, layer, normed, time);
  const keyValues = tape.scope('qkv', () =>
    tape.term('qkv', () =>
      linear(tape, latent, weightOf(model, `layers.${layer}.attention.latentUp`), {
        name: 'keys and values',
      }),
    ),
  );
  return tape.term('attention', () => {
    const heads = headsOf(model);
    const qkv = tape.scope('rope', () => latentPack(tape, queries, keyValues, rope, { ...heads, time }));
    if (cache) tape.scope('cache', () => latentPrefill(tape, latent, qkv, cache, heads));
    const sizes = { heads: heads.heads, keyValueHeads: heads.heads, keySize: scoreSize(config) };
    const dropout = tape.training ? config.dropout : 0;
    return tape.scope('attention', () =>
      attention(tape, qkv, {
        ...sizes,
        valueSize: heads.valueSize,
        batch,
        time,
        dropout,
        ...scoring(model),
      }),
    );
  });
}

/**
 * Latent attention of one token a slot at the position in its state, absorbed: the cache is extended, and read as it is.
 * @param normed [slots, C]
 * @param state u32 [slots, 4]: position, token, counter, produced
 * @param cache [slots, context, d_c + r]
 * @returns [slots, H·Dv]
 */
export function recordLatentDecode(
  tape: Tape,
  model: ModelTensors,
  layer: number,
  normed: Tensor,
  state: Tensor,
  cache: Tensor,
): Tensor {
  const { latentSize: inner } = model.config;
  const sizes = headsOf(model);
  const { heads, headSize, ropeSize, valueSize } = sizes;
  const { queries, latent, rope } = recordProjections(tape, model, layer, normed, 1);
  const absorbed = tape.term('attention', () =>
    tape.scope('cache', () => latentDecode(tape, latent, queries, rope, state, cache, sizes)),
  );
  // Head h of latentUp [d_c, H·(D + Dv)] starts at column h·(D + Dv), keys before values.
  const w = weightOf(model, `layers.${layer}.attention.latentUp`);
  const rowWidth = heads * (headSize + valueSize);
  const [rows = 1] = normed.shape;
  const product = (
    x: Tensor,
    y: Tensor,
    size: Omit<Parameters<typeof headMatmul>[2], 'rows' | 'heads' | 'wHeadStep'>,
  ) =>
    tape.scope('qkv', () =>
      tape.term('qkv', () =>
        headMatmul(tape, { x, w, y }, { ...size, rows, heads, wHeadStep: headSize + valueSize }),
      ),
    );
  product(queries, absorbed, {
    columns: inner,
    inner: headSize,
    xStride: headSize + ropeSize,
    yStride: inner + ropeSize,
    wOffset: 0,
    wColumnStep: rowWidth,
    wInnerStep: 1,
  });
  const attended = tape.term('attention', () =>
    tape.scope('attention', () =>
      decodeAttention(tape, absorbed, cache, state, {
        heads,
        keyValueHeads: 1,
        keySize: inner + ropeSize,
        valueSize: inner,
        sharedRows: true,
        ...scoring(model),
      }),
    ),
  );
  const mixed = tape.tensor('mixed', [rows, heads * valueSize]);
  product(attended, mixed, {
    columns: valueSize,
    inner,
    xStride: inner,
    yStride: valueSize,
    wOffset: headSize,
    wColumnStep: 1,
    wInnerStep: rowWidth,
  });
  return mixed;
}

function headsOf({ config }: ModelTensors) {
  const { heads, headSize, ropeHeadSize: ropeSize, valueHeadSize: valueSize } = config;
  return { heads, headSize, ropeSize, valueSize };
}

/** The scale is that of the unabsorbed products. */
function scoring({ config }: ModelTensors) {
  const { attentionSoftcap: softcap } = config;
  return { scale: scoreScale(config), ...(softcap > 0 ? { softcap } : {}) };
}

function recordProjections(
  tape: Tape,
  model: ModelTensors,
  layer: number,
  normed: Tensor,
  time: number,
): Projections {
  const prefix = `layers.${layer}.attention`;
  const { queryLatentSize, ropeHeadSize } = model.config;
  const project = (x: Tensor, name: string, result: string) =>
    tape.term('qkv', () => recordLinear(tape, model, `${prefix}.${name}`, x, time, { name: result }));
  const norm = (x: Tensor, name: string) => {
    const weight = biasOf(model, `${prefix}.${name}`);
    const { normEpsilon: epsilon } = model.config;
    return weight ? tape.term('norm', () => rmsNorm(tape, x, weight, { epsilon })) : x;
  };
  return tape.scope('qkv', () => {
    const compressed = () => norm(project(normed, 'queryDown', 'query latent'), 'queryNorm');
    const queries =
      queryLatentSize > 0 ? project(compressed(), 'queryUp', 'queries') : project(normed, 'query', 'queries');
    const latent = norm(project(normed, 'latentDown', 'latent'), 'latentNorm');
    const table = ropeHeadSize > 0 ? ropeTableOf(model, layer) : undefined;
    const rope = table && { ropeKey: project(normed, 'ropeKey', 'rope key'), table };
    return { queries, latent, rope };
  });
}
