// One transformer block: attention, then the feed-forward part, each added to x; or both of norms of x. Pure: it can be
// recorded again. Without skip connections, an experiment, sums keep what was computed only.
//
// Terms of the cost model: a bias, a residual addition, a dropout and a scale belong to the matrix product whose result they
// change.
import { add } from '../kernels/add.ts';
import { addDropped, dropout } from '../kernels/dropout.ts';
import { gatedActivation } from '../kernels/gated-activation.ts';
import { layerNorm } from '../kernels/layer-norm.ts';
import { rmsNorm } from '../kernels/rms-norm.ts';
import { scale } from '../kernels/scale.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import type { Attend } from './attention-block.ts';
import { biasesOf, normsOf } from './block-config.ts';
import { recordExperts } from './experts.ts';
import { hasExperts } from './experts-config.ts';
import { recordLinear } from './linear-layer.ts';
import { type ModelTensors, weightOf } from './tensors.ts';

/** What a part's last product does to its result: drops of it while training, then adds it to a residual. */
interface Ending {
  readonly residual?: Tensor | undefined;
  readonly dropout?: { readonly probability: number; readonly time: number } | undefined;
}

/** One of the two parts of a block: what it computes of its input, ended as asked. */
type Part = (input: Tensor, ending: Ending) => Tensor;

/** Records block `layer` on x: [N, C]; `time` is T of the rows, for dropout's counter. Returns [N, C]. */
export function recordBlock(
  tape: Tape,
  model: ModelTensors,
  layer: number,
  x: Tensor,
  time: number,
  attend: Attend,
): Tensor {
  const { parallelBlocks, parallelNorms, skipConnections } = model.config;
  const { input: normsInput, stream: normsStream } = normsOf(model.config);
  const names = { attention: `layers.${layer}.attention`, ffn: `layers.${layer}.ffn` };
  const attentionPart: Part = (input, ending) =>
    recordAttention(tape, model, layer, input, { ...ending, time }, attend);
  const feedForwardPart: Part = (input, ending) => recordFeedForward(tape, model, layer, input, ending, time);
  const inAttention = (record: () => Tensor) => tape.scope('attention', record);
  const inFeedForward = (record: () => Tensor) => tape.scope('ffn', () => tape.term('ffn', record));
  const normed = (name: string, input: Tensor) =>
    normsInput ? recordNorm(tape, model, `${name}Norm`, input) : input;
  /** What the sum adds to, of a part that reads `normed` x. */
  const residualOf = (before: Tensor, after: Tensor) =>
    skipConnections ? (normsStream ? after : before) : undefined;
  const sum = { tape, model, layer, time };
  return tape.layer(layer, () => {
    let shared = x;
    const afterAttention = inAttention(() => {
      shared = normed(names.attention, x);
      return recordSum(sum, names.attention, shared, residualOf(x, shared), attentionPart);
    });
    return inFeedForward(() => {
      if (parallelBlocks) {
        const input = parallelNorms === 'own' ? normed(names.ffn, x) : shared;
        return recordSum(sum, names.ffn, input, afterAttention, feedForwardPart);
      }
      const input = normed(names.ffn, afterAttention);
      return recordSum(sum, names.ffn, input, residualOf(afterAttention, input), feedForwardPart);
    });
  });
}

/** The model's norm with the parameter `name`. x, result: [N, C]. */
export function recordNorm(tape: Tape, model: ModelTensors, name: string, x: Tensor): Tensor {
  const { norm, normEpsilon: epsilon, normOffset } = model.config;
  const offset = normOffset ? 1 : 0;
  return tape.scope('norm', () =>
    tape.term('norm', () =>
      norm === 'layerNorm'
        ? layerNorm(tape, x, weightOf(model, name), { epsilon, offset, bias: biasesOf(model.config).norm })
        : rmsNorm(tape, x, weightOf(model, name), { epsilon, offset }),
    ),
  );
}

/** Where sums are recorded, and rows of a sample, for dropout's counter. */
interface SumPlace {
  readonly tape: Tape;
  readonly model: ModelTensors;
  readonly layer: number;
  readonly time: number;
}

/**
 * (residual +) scale · dropout(norm(part(input))), normed itself where norms stand after sums; norms as the model places them.
 * With nothing but dropout between part and sum both happen inside the part's last product.
 */
function recordSum(
  { tape, model, layer, time }: SumPlace,
  name: string,
  input: Tensor,
  residual: Tensor | undefined,
  part: Part,
): Tensor {
  const { dropout: probability, residualScale } = model.config;
  const norms = normsOf(model.config);
  const isAttention = name.endsWith('attention');
  const isDropping = probability > 0 && tape.training;
  // What experts give is a sum of its own, of which no product drops.
  const dropsInside = isAttention || !hasExperts(model.config, layer);
  const isDirect = !norms.branch && residualScale === 1 && (dropsInside || !isDropping);
  let y = part(input, isDirect ? { residual, dropout: { probability, time } } : {});
  if (!isDirect) {
    if (norms.branch) y = recordNorm(tape, model, `${name}OutputNorm`, y);
    const branch = y;
    y = tape.scope(isAttention ? 'projection' : 'contract', () =>
      tape.term(isAttention ? 'projection' : 'ffn', () => {
        if (isDropping && residual && residualScale === 1) {
          return addDropped(tape, residual, branch, probability, { time });
        }
        const dropped = isDropping ? dropout(tape, branch, probability, { time }) : branch;
        if (residualScale !== 1) return scale(tape, dropped, residualScale, residual);
        return residual ? add(tape, residual, dropped) : dropped;
      }),
    );
  }
  return norms.sum ? recordNorm(tape, model, `${name}OutputNorm`, y) : y;
}

function recordAttention(
  tape: Tape,
  model: ModelTensors,
  layer: number,
  normed: Tensor,
  { time, ...ending }: Ending & { readonly time: number },
  attend: Attend,
): Tensor {
  const mixed = attend(normed, layer);
  return tape.scope('projection', () =>
    tape.term('projection', () =>
      recordLinear(tape, model, `layers.${layer}.attention.projection`, mixed, time, ending),
    ),
  );
}

function recordFeedForward(
  tape: Tape,
  model: ModelTensors,
  layer: number,
  normed: Tensor,
  ending: Ending,
  time: number,
): Tensor {
  const { gated, activation: kind } = model.config;
  const prefix = `layers.${layer}.ffn`;
  if (hasExperts(model.config, layer))
    return recordExperts(tape, model, layer, normed, ending.residual, time);
  const expand = gated ? `${prefix}.gateUp` : `${prefix}.expand`;
  const expanded = tape.scope('expand', () =>
    recordLinear(tape, model, expand, normed, time, {
      name: 'expanded',
      activation: gated ? undefined : kind,
    }),
  );
  const hidden = gated ? tape.scope('activation', () => gatedActivation(tape, expanded, kind)) : expanded;
  return tape.scope('contract', () => recordLinear(tape, model, `${prefix}.contract`, hidden, time, ending));
}
