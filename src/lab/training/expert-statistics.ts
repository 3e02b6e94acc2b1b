// Reads on demand what a run's routers did since the last time somebody asked. A run that nobody asks pays nothing.
import { type ExpertStatistics, expertStatisticsOf } from '../../model/experts.ts';
import { elementCount } from '../../plan/tensor.ts';
import type { Run } from './run.ts';

/**
 * Load, drops, entropy and mean shares by layer and expert, summed over the steps since the last call; empty where the
 * model has no experts. Call it between steps: it leaves the sums at zero.
 */
export async function takeExpertStatistics({
  runtime,
  plans,
}: Pick<Run, 'runtime' | 'plans'>): Promise<ExpertStatistics[]> {
  const { config, experts } = plans.model;
  if (!experts) return [];
  const values = await runtime.read(experts.statistics);
  runtime.write(experts.statistics, new Float32Array(elementCount(experts.statistics.shape)));
  return expertStatisticsOf(config, values);
}
