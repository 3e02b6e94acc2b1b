// The plans that an experiment would run, recorded without allocating anything.
import { checkCapacity } from '../lab/capacity.ts';
import type { Corpus } from '../lab/corpus.ts';
import type { Engine } from '../lab/engine.ts';
import { type InferencePlans, recordInferencePlans } from '../lab/inference-plans.ts';
import { stage } from '../lab/problem.ts';
import { withVocabulary } from '../lab/run.ts';
import { momentCount, recordTrainingPlans, type TrainingPlans } from '../lab/training-plans.ts';
import type { Experiment } from '../model/config.ts';

/** An experiment with its vocabulary, and everything that it would execute. */
export interface PlannedRun {
  readonly experiment: Experiment;
  readonly plans: TrainingPlans;
  readonly sampling: InferencePlans;
  readonly engine: Engine;
}

/** Records the plans of an experiment on a text. @throws LabError if the text or the device does not suit the model */
export async function planRun(wanted: Experiment, corpus: Corpus, engine: Engine): Promise<PlannedRun> {
  const experiment = await stage('invalidConfig', () => withVocabulary(wanted, corpus));
  const { model, train } = experiment;
  return stage('tooLarge', () => {
    checkCapacity({ capabilities: engine.capabilities }, model, 2 + momentCount(train));
    const plans = recordTrainingPlans(model, train, engine);
    return { experiment, plans, sampling: recordInferencePlans(plans.model, engine), engine };
  });
}
