// Mean loss at every position of the context: the run's own evaluation, read position by position.
import type { PositionLosses } from '../../contract/inside.ts';
import { isTarget } from '../plans/batches.ts';
import { evaluationBatches } from '../plans/corpus.ts';
import type { Run } from '../training/run.ts';

/** Batches that are taken where the run itself evaluates on none. */
const ownBatches = 4;

/**
 * Replays the evaluation plan over the run's held-out batches and reads the loss of every position. Neither weights nor
 * the course of training change. Call when no step is in flight.
 */
export async function readPositionLosses(run: Run): Promise<PositionLosses> {
  const { runtime, plans, trainer, dataset } = run;
  const { time } = plans;
  const { batch, lossPositions } = run.experiment.train;
  const batches = run.evaluation.length > 0 ? run.evaluation : evaluationBatches(dataset, batch, ownBatches);
  const sums = new Float64Array(time);
  const squares = new Float64Array(time);
  const counted = new Uint32Array(time);
  for (const micro of batches) {
    runtime.write(plans.tokens, micro.tokens);
    if (plans.targets && micro.targets) runtime.write(plans.targets, micro.targets);
    await runtime.submit([{ plan: plans.evaluate, scalars: { lossScale: 0 } }]);
    const losses = await runtime.read(plans.positionLoss);
    losses.forEach((loss, index) => {
      sums[index % time] += loss;
      squares[index % time] += loss ** 2;
    });
    for (let index = 0; index < batch * time; index++)
      if (isTarget(micro, index, time, lossPositions)) counted[index % time]++;
  }
  const windows = batches.length * batch;
  const means = [...sums].map((sum, position) =>
    counted[position] > 0 ? sum / counted[position] : undefined,
  );
  const errors = [...squares].map((square, position) => {
    const count = counted[position];
    const variance = Math.max(0, square / count - (sums[position] / count) ** 2);
    return count > 1 ? Math.sqrt(variance / (count - 1)) : 0;
  });
  const targets = counted.reduce((a, b) => a + b, 0);
  const loss = sums.reduce((a, b) => a + b, 0) / targets;
  return { step: trainer.progress.step, windows, loss, means, errors };
}
