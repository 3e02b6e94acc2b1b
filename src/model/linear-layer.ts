// A linear layer of the model by its name, and what an adapter adds to it.
import { activation } from '../kernels/activation.ts';
import { addColumns } from '../kernels/columns.ts';
import { addDropped, dropout } from '../kernels/dropout.ts';
import { type LinearOptions, linear } from '../kernels/linear.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { adapterScale, type LowRankAdapter } from './adapter.ts';
import { biasOf, type ModelTensors, weightOf } from './tensors.ts';

/**
 * Records input·w (+ b) of the parameter `name`, with what the adapter adds to it, and then what `options` say.
 * @param time rows of a sample, for dropout's counter
 */
export function recordLinear(
  tape: Tape,
  model: ModelTensors,
  name: string,
  input: Tensor,
  time: number,
  options: Omit<LinearOptions, 'bias'> = {},
): Tensor {
  const layer = { weight: weightOf(model, name), bias: biasOf(model, `${name}Bias`) };
  const { adapter } = model;
  if (!adapter?.updates.some(({ parameter }) => parameter === name))
    return linear(tape, input, layer.weight, { ...options, bias: layer.bias });
  // What is made of the sum is made of the whole sum: in passes of their own.
  const { activation: kind, dropout: drop, residual, ...rest } = options;
  const isDropping = tape.training && (drop?.probability ?? 0) > 0;
  const added = isDropping ? {} : { residual };
  const sum = linear(tape, input, layer.weight, { ...rest, ...added, bias: layer.bias });
  tape.scope('adapter', () => addUpdates(tape, model, adapter, name, input, sum, time));
  if (kind) return activation(tape, sum, kind);
  if (!isDropping || !drop) return sum;
  return residual
    ? addDropped(tape, residual, sum, drop.probability, { time })
    : dropout(tape, sum, drop.probability, { time });
}

/** sum += s·(dropped input·A)·B, column range by column range. */
function addUpdates(
  tape: Tape,
  model: ModelTensors,
  adapter: LowRankAdapter,
  name: string,
  input: Tensor,
  sum: Tensor,
  time: number,
): void {
  const factor = adapterScale(adapter.config);
  // One mask for all that read the same input: PEFT draws one for each, which no mean can tell.
  const dropped = dropout(tape, input, adapter.config.dropout, { time });
  for (const { parameter, column, down, up } of adapter.updates) {
    if (parameter !== name) continue;
    const narrow = linear(tape, dropped, weightOf(model, down), { name: 'adapter rank' });
    const update = linear(tape, narrow, weightOf(model, up), { name: 'adapter update' });
    addColumns(tape, update, sum, { column, factor });
  }
}
