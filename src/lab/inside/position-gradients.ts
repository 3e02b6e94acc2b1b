// The gradient that each position alone sends to the weights: one backward pass a position, all other targets left out.
import type { ModelConfig } from '../../model/config.ts';
import { ignoredTarget } from '../plans/batches.ts';
import type { Engine } from '../plans/engine.ts';
import { openModel } from '../plans/open-model.ts';
import type { NamedArrays } from '../plans/parameter-io.ts';
import { readGradientNorms, recordGradientNorms } from './gradient-norms.ts';
import { recordInspectionPlans } from './inspection.ts';

/**
 * Norm of the gradient of all weights, of the mean loss at one position over the rows of a batch, for each position.
 * @param tokens [B, T + 1]
 * @returns [T], first position first
 */
export async function gradientsByPosition(
  engine: Engine,
  config: ModelConfig,
  weights: NamedArrays,
  tokens: Uint32Array,
  report: (done: number) => void = () => undefined,
): Promise<number[]> {
  const time = config.context;
  const batch = tokens.length / (time + 1);
  const plans = recordInspectionPlans(config, { batch, time }, { ...engine, gradients: true });
  const norms = recordGradientNorms(plans.model.store, engine);
  const runtime = await openModel(engine, [plans.loss, norms.plan], plans.model, weights);
  try {
    const column = (row: number, position: number) => tokens[row * (time + 1) + position] ?? 0;
    const rows = Array.from({ length: batch * time }, (_, i) => [Math.floor(i / time), i % time] as const);
    runtime.write(
      plans.tokens,
      Uint32Array.from(rows, ([row, at]) => column(row, at)),
    );
    const found: number[] = [];
    for (let position = 0; position < time; position++) {
      report(position);
      const targets = Uint32Array.from(rows, ([row, at]) =>
        at === position ? column(row, at + 1) : ignoredTarget,
      );
      runtime.write(plans.targets, targets);
      await runtime.submit([{ plan: plans.loss, scalars: { lossScale: 1 / batch } }]);
      const { layers, others } = await readGradientNorms(runtime, norms);
      found.push(Math.hypot(...layers, others));
    }
    return found;
  } finally {
    runtime.dispose();
  }
}
