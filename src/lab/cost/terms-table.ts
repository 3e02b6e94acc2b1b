// One term table: the closed form, the sums over the dispatches of a work's plans, and the named differences between them.

import type { KernelTable } from '../../contract/kernels.ts';
import type { PhaseCosts, TermRow, TermTable } from '../../contract/terms.ts';
import { layerAttention } from '../../model/attention-config.ts';
import { biasesOf, hasFinalNorm, normsPerLayer } from '../../model/block-config.ts';
import type { ModelConfig } from '../../model/config.ts';
import { expertLayers } from '../../model/experts-config.ts';
import type { Dispatch, Phase, Scalars } from '../../plan/kernel.ts';
import type { Plan } from '../../plan/plan.ts';
import { costOf } from '../../plan/predict.ts';
import type { Storage } from '../../plan/tensor.ts';
import { absorbedAttentionFlops } from '../../theory/latent-terms.ts';
import { shapeOf } from '../../theory/shape.ts';
import {
  causalAttentionFlops,
  costTerms,
  type TermCost,
  type TermShape,
  type TermWork,
  termCosts,
  trainingFactor,
} from '../../theory/terms.ts';
import { differenceNotes, isProduct, splitDispatch, wasteNotes } from './terms-split.ts';
import { addCosts, addNamed, namedList, noCosts, totalRow } from './terms-sum.ts';

/** A model as the generalised Table 1 wants it. */
export function termShapeOf(model: ModelConfig): TermShape {
  const { hidden, gated, tiedHead } = model;
  const biases = biasesOf(model);
  const mixtures = expertLayers(model).length;
  const experts = {
    layers: mixtures,
    total: model.experts,
    active: model.expertsPerToken,
    hidden: model.expertHidden,
    sharedHidden: model.sharedExperts * model.sharedHidden,
    // Counts move it, no gradient does: it is not among a model's parameters (countParameters).
    routerBias: false,
  };
  return {
    ...shapeOf(model),
    hidden,
    gated,
    tiedHead,
    bias: biases,
    positions: model.position === 'learned' ? model.context : 0,
    normWeights: biases.norm ? 2 : 1,
    normsPerLayer: normsPerLayer(model),
    finalNorm: hasFinalNorm(model),
    ...attentionTerms(model),
    ...(mixtures > 0 ? { experts } : {}),
  };
}

/** What attention adds to the shape: windows, norms of heads, sinks, latents. */
function attentionTerms(
  model: ModelConfig,
): Pick<TermShape, 'layerWindows' | 'headNorm' | 'sinks' | 'latent'> {
  const { layers, queryKeyNorm, attentionSinks: sinks } = model;
  const shapes = Array.from({ length: layers }, (_, layer) => layerAttention(model, layer));
  return {
    ...(shapes.some(({ isLocal }) => isLocal) ? { layerWindows: shapes.map(({ window }) => window) } : {}),
    ...(queryKeyNorm === 'none' ? {} : { headNorm: queryKeyNorm }),
    ...(sinks ? { sinks } : {}),
    ...(model.attention === 'latent' ? { latent: latentShape(model) } : {}),
  };
}

function latentShape(model: ModelConfig): NonNullable<TermShape['latent']> {
  const { latentSize, queryLatentSize, ropeHeadSize, valueHeadSize, latentNorm: hasNorms } = model;
  return { latentSize, queryLatentSize, ropeHeadSize, valueHeadSize, hasNorms };
}

/** Plans that do one work together. */
export interface PlannedWork extends Pick<TermTable, 'work' | 'title'> {
  readonly parts: readonly { readonly plan: Plan; readonly times: number }[];
  readonly tokens: TermWork;
  readonly scalars: Scalars;
  readonly kernels?: KernelTable | undefined;
}

/** Sums of one term while dispatches are added. */
interface Sums {
  readonly phases: Record<Phase, PhaseCosts>;
  readonly differences: Map<string, number>;
  readonly waste: Map<string, number>;
  /** Elements of logits, forward. */
  logits: number;
  predictedSeconds: number;
  measuredSeconds: number;
}

/** The table of one work; terms that have neither closed form nor dispatch are left out. */
export function termTable(model: ModelConfig, work: PlannedWork): TermTable {
  const shape = termShapeOf(model);
  const closed = termCosts(shape, work.tokens);
  const sums = sumByTerm(work);
  const terms = [...new Set<string>([...costTerms, ...sums.keys()])];
  const rows = terms.flatMap((term) => {
    const cost = closed.find((row) => row.term === term);
    const found = sums.get(term);
    if (!found && !cost?.forwardFlops) return [];
    return [rowOf(term, cost, found ?? emptySums(), shape, work)];
  });
  const total = totalRow(rows);
  const measured = total.measuredSeconds ?? 0;
  const share = (row: TermRow): TermRow =>
    measured > 0 ? { ...row, measuredShare: (row.measuredSeconds ?? 0) / measured } : row;
  return {
    work: work.work,
    title: work.title,
    tokens: work.tokens.sequences * work.tokens.queries,
    rows: rows.map(share),
    total: share(total),
    ...(measured > 0 && work.kernels ? { method: work.kernels.method } : {}),
  };
}

function sumByTerm({ parts, scalars, kernels }: PlannedWork): Map<string, Sums> {
  const byTerm = new Map<string, Sums>();
  const sliced = slicedStorages(parts.map(({ plan }) => plan));
  let index = 0;
  for (const { plan, times } of parts) {
    for (const dispatch of plan.dispatches) {
      const term = dispatch.term ?? 'other';
      const sums = byTerm.get(term) ?? emptySums();
      byTerm.set(term, sums);
      addDispatch(sums, dispatch, times, scalars, sliced);
      const { predictedSeconds = 0, measuredSeconds = 0 } = kernels?.rows[index++] ?? {};
      sums.predictedSeconds += times * predictedSeconds;
      sums.measuredSeconds += times * measuredSeconds;
    }
  }
  return byTerm;
}

function addDispatch(
  sums: Sums,
  dispatch: Dispatch,
  times: number,
  scalars: Scalars,
  sliced: ReadonlySet<Storage>,
): void {
  const { phase, kernel, dims, term } = dispatch;
  const cost = { dispatches: 1, ...costOf(dispatch, scalars) };
  sums.phases[phase] = addCosts(sums.phases[phase], cost, times);
  const parts = splitDispatch(dispatch, scalars, sliced);
  for (const [name, flops] of parts.differences) addNamed(sums.differences, name, times * flops);
  for (const [name, flops] of parts.waste) addNamed(sums.waste, name, times * flops);
  if (term === 'head' && phase === 'forward' && isProduct(kernel)) {
    sums.logits += times * (dims.rows ?? 0) * (dims.columns ?? 0);
  }
}

function rowOf(
  term: string,
  cost: TermCost | undefined,
  sums: Sums,
  shape: TermShape,
  work: PlannedWork,
): TermRow {
  const { forwardFlops = 0, activations = 0, parameters = 0 } = cost ?? {};
  const factor = work.work === 'training' ? trainingFactor : 1;
  const closedFlops = factor * forwardFlops;
  if (term === 'attention') {
    addNamed(
      sums.differences,
      'causal half',
      factor * (causalAttentionFlops(shape, work.tokens) - forwardFlops),
    );
    addNamed(sums.differences, 'absorbed latents', absorbedFlops(shape, work));
  }
  if (term === 'head') {
    addNamed(sums.differences, 'fewer logits', factor * (2 * sums.logits * shape.width - forwardFlops));
  }
  const { forward, backward, update } = sums.phases;
  const whole = addCosts(forward, addCosts(backward, update));
  const named = [...sums.differences.values()].reduce((sum, flops) => sum + flops, 0);
  return {
    term,
    forwardFlops,
    closedFlops,
    activations,
    parameters,
    ...whole,
    phases: { forward, backward, update },
    differences: namedList(sums.differences, differenceNotes),
    unexplainedFlops: whole.usefulFlops - closedFlops - named,
    waste: namedList(sums.waste, wasteNotes),
    ...(sums.predictedSeconds > 0 ? { predictedSeconds: sums.predictedSeconds } : {}),
    ...(sums.measuredSeconds > 0 ? { measuredSeconds: sums.measuredSeconds } : {}),
  };
}

/** What attending to latents costs a decoded token more than attending to keys and values of heads. */
function absorbedFlops(shape: TermShape, { work, tokens }: PlannedWork): number {
  const { latent, layers, heads } = shape;
  if (!latent || work !== 'decode') return 0;
  const keys = tokens.sequences * tokens.queries * tokens.keys;
  return layers * absorbedAttentionFlops(heads, latent, keys) - causalAttentionFlops(shape, tokens);
}

function emptySums(): Sums {
  return {
    phases: { forward: noCosts, backward: noCosts, update: noCosts },
    differences: new Map(),
    waste: new Map(),
    logits: 0,
    predictedSeconds: 0,
    measuredSeconds: 0,
  };
}

/** Storages that products write in slices, and that are summed afterwards. */
function slicedStorages(plans: readonly Plan[]): Set<Storage> {
  const found = new Set<Storage>();
  for (const { dims, bindings, kernel } of plans.flatMap(({ dispatches }) => dispatches)) {
    const { y } = bindings;
    if (y && isProduct(kernel) && (dims.slices ?? 1) > 1) found.add(y.storage);
  }
  return found;
}
