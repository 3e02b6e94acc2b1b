// An experiment of a wanted size and length by the recipe of a study: what a fitted law recommends, ready to be trained.
import type { ParameterCount } from '../../laws/run-point.ts';
import { type Experiment, type ModelConfig, parseModel } from '../../model/config.ts';
import { expandStudy, type StudyRun } from './expand.ts';
import { readyStudies } from './ready.ts';
import { shapeOf } from './shape.ts';
import { parseStudy, refuseStudy, type Study } from './study.ts';

/** How far a whole width may be from the size that was asked for, as a part. */
const tolerance = 0.2;

/**
 * The study's run nearest in size with another width: depth, number of heads, text and training stay, and so do the
 * study's formulas, such as that of the learning rate. It evaluates once, at its end.
 * @param vocabulary V of the text, which counts where embeddings do @param count how `parameters` are counted
 * @throws LabError where no whole width comes near, or the model would be too large to be one
 */
export function experimentOfSize(
  study: Study,
  parameters: number,
  tokens: number,
  vocabulary: number,
  count: ParameterCount = study.count,
): Experiment {
  const distance = ({ shape }: StudyRun) => Math.abs(Math.log(shape.counts[count] / parameters));
  const nearest = expandStudy(study, vocabulary).runs.reduce((best, run) =>
    distance(run) < distance(best) ? run : best,
  );
  const model = widened(nearest, { name: study.name, count }, parameters, vocabulary);
  // The study's formulas read N as the study counts it.
  const { name, formulas, validationTokens } = study;
  const base = { ...nearest.experiment, model };
  const recipe = parseStudy(
    { name, formulas, validationTokens, count: study.count, base, grid: { tokens } },
    name,
  );
  const [{ experiment }] = expandStudy(recipe, vocabulary).runs;
  return { ...experiment, train: { ...experiment.train, evaluationInterval: experiment.train.steps } };
}

/** The recipe for runs that came without a study. */
export function usualRecipe(): Study {
  return parseStudy(readyStudies.minute, 'minute');
}

/** The model with that whole multiple of its heads as width which brings it nearest to N. */
function widened(
  { experiment: { model }, shape }: StudyRun,
  { count, name }: Pick<Study, 'count' | 'name'>,
  parameters: number,
  vocabulary: number,
): ModelConfig {
  const { heads, width, hidden } = model;
  const guess = (width * Math.sqrt(parameters / shape.counts[count])) / heads;
  // Where embeddings count, N grows more slowly than the square of the width: half as wide to twice as wide.
  const [low, high] = [Math.max(1, Math.floor(guess / 2)), Math.ceil(guess * 2)];
  const step = Math.max(1, Math.floor((high - low) / 200));
  let best: { readonly model: ModelConfig; readonly off: number } | undefined;
  let problem = '';
  for (let perHead = low; perHead <= high; perHead += step) {
    const wide = perHead * heads;
    const parsed = parseModel({
      ...model,
      width: wide,
      headSize: Math.max(1, Math.round((model.headSize * wide) / width)),
      hidden: Math.max(1, Math.round((hidden * wide) / width)),
    });
    if (parsed.kind !== 'ok') {
      problem ||= parsed.problems[0]?.message ?? '';
      continue;
    }
    const off = Math.abs(Math.log(shapeOf(parsed.model, count, vocabulary).parameters / parameters));
    if (!best || off < best.off) best = { model: parsed.model, off };
  }
  if (best && Math.expm1(best.off) <= tolerance) return best.model;
  const why = problem === '' ? `no whole width comes within ${100 * tolerance} %.` : problem;
  return refuseStudy(
    `${name}: there is no model of ${Math.round(parameters)} parameters in its way: ${why} Choose another budget.`,
  );
}
