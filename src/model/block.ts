// One transformer block: x + attention(norm(x)), then x + feedForward(norm(x)). Pure: it can be recorded again.
// Without skip connections, an experiment, the two sums keep their second part only.
//
// Terms of the cost model: a bias, a residual addition and a dropout belong to the matrix product whose result they change.
import { activation } from '../kernels/activation.ts';
import { add } from '../kernels/add.ts';
import { dropout } from '../kernels/dropout.ts';
import { layerNorm } from '../kernels/layer-norm.ts';
import { linear } from '../kernels/linear.ts';
import { rmsNorm } from '../kernels/rms-norm.ts';
import { gatedActivation } from '../kernels/swiglu.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { recordExperts } from './experts.ts';
import { hasExperts } from './experts-config.ts';
import { biasOf, type ModelTensors, weightOf } from './model-tensors.ts';

/** Attends with packed queries, keys and values [N, (H + 2G)·D]; returns [N, H·D]. Training and decoding differ here. */
export type Attend = (qkv: Tensor, layer: number) => Tensor;

/** Records block `layer` on x: [N, C]; `time` is T of the rows, for dropout's counter. Returns [N, C]. */
export function recordBlock(
  tape: Tape,
  model: ModelTensors,
  layer: number,
  x: Tensor,
  time: number,
  attend: Attend,
): Tensor {
  return tape.layer(layer, () => {
    const afterAttention = tape.scope('attention', () =>
      recordAttention(tape, model, layer, x, time, attend),
    );
    return tape.scope('ffn', () =>
      tape.term('ffn', () => recordFeedForward(tape, model, layer, afterAttention, time)),
    );
  });
}

/** The model's norm with the parameter `name`. x, result: [N, C]. */
export function recordNorm(tape: Tape, model: ModelTensors, name: string, x: Tensor): Tensor {
  const { norm, normEpsilon: epsilon, bias } = model.config;
  return tape.scope('norm', () =>
    tape.term('norm', () =>
      norm === 'layerNorm'
        ? layerNorm(tape, x, weightOf(model, name), { epsilon, bias })
        : rmsNorm(tape, x, weightOf(model, name), { epsilon }),
    ),
  );
}

function recordAttention(
  tape: Tape,
  model: ModelTensors,
  layer: number,
  x: Tensor,
  time: number,
  attend: Attend,
): Tensor {
  const prefix = `layers.${layer}.attention`;
  const normed = recordNorm(tape, model, `${prefix}Norm`, x);
  const qkv = tape.scope('qkv', () =>
    tape.term('qkv', () =>
      linear(tape, normed, weightOf(model, `${prefix}.qkv`), {
        bias: biasOf(model, `${prefix}.qkvBias`),
        name: 'qkv',
      }),
    ),
  );
  const mixed = tape.term('attention', () => attend(qkv, layer));
  return tape.scope('projection', () =>
    tape.term('projection', () => recordResidual(tape, model, `${prefix}.projection`, mixed, x, time)),
  );
}

function recordFeedForward(tape: Tape, model: ModelTensors, layer: number, x: Tensor, time: number): Tensor {
  const { gated, activation: kind } = model.config;
  const prefix = `layers.${layer}.ffn`;
  const normed = recordNorm(tape, model, `${prefix}Norm`, x);
  if (hasExperts(model.config, layer)) {
    const residual = model.config.skipConnections ? x : undefined;
    return recordExperts(tape, model, layer, normed, residual, time);
  }
  const expand = gated ? `${prefix}.gateUp` : `${prefix}.expand`;
  const expanded = tape.scope('expand', () =>
    linear(tape, normed, weightOf(model, expand), { bias: biasOf(model, `${expand}Bias`), name: 'expanded' }),
  );
  const hidden = tape.scope('activation', () =>
    gated ? gatedActivation(tape, expanded, kind) : activation(tape, expanded, kind),
  );
  return tape.scope('contract', () => recordResidual(tape, model, `${prefix}.contract`, hidden, x, time));
}

/** x + dropout(input·w + b), or without x; without dropout the addition happens inside the matrix product. */
function recordResidual(
  tape: Tape,
  model: ModelTensors,
  name: string,
  input: Tensor,
  x: Tensor,
  time: number,
): Tensor {
  const bias = biasOf(model, `${name}Bias`);
  const { dropout: probability, skipConnections } = model.config;
  if (probability === 0 || !tape.training)
    return linear(tape, input, weightOf(model, name), { bias, residual: skipConnections ? x : undefined });
  const branch = dropout(tape, linear(tape, input, weightOf(model, name), { bias }), probability, { time });
  return skipConnections ? add(tape, x, branch) : branch;
}
