// The plan that looks inside a model: its trunk over given tokens, keeping attention maps, routes and losses.

import { attentionMap } from '../../kernels/attention-map.ts';
import { headLoss } from '../../kernels/head-loss.ts';
import type { ModelConfig } from '../../model/config.ts';
import { createModelTensors, headOf, type ModelTensors } from '../../model/tensors.ts';
import { recordTrunk } from '../../model/transformer.ts';
import type { WeightOptions } from '../../model/weight-format.ts';
import { freeze, type Plan } from '../../plan/plan.ts';
import { persistentTensor } from '../../plan/store.ts';
import { Tape } from '../../plan/tape.ts';
import type { Tensor } from '../../plan/tensor.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Engine } from '../plans/engine.ts';
import { openModel } from '../plans/open-model.ts';
import type { NamedArrays } from '../plans/parameter-io.ts';
import type { RecordingOptions } from '../plans/training-plans.ts';

/** What is looked at. */
export interface InsideShape {
  readonly batch: number;
  /** T, at most the model's context. */
  readonly time: number;
  /** Layers whose attention maps are kept; needs a batch of 1 and at most 256 tokens. */
  readonly mapLayers: readonly number[];
  /** Whether the loss of every token is computed. */
  readonly withLosses: boolean;
  /** Whether the greedy choice of every position is kept too; only with losses. */
  readonly withChoices?: boolean;
}

/** One head's map. */
export interface KeptMap {
  readonly layer: number;
  readonly head: number;
  /** [T, T] */
  readonly map: Tensor;
}

/** One router's choices. */
export interface KeptRoute {
  readonly layer: number;
  /** u32 [B·T, K] */
  readonly selected: Tensor;
  /** [B·T, K] */
  readonly weights: Tensor;
}

/** A recorded look with its tensors. */
export interface InsidePlan {
  readonly model: ModelTensors;
  /** u32 [B, T + 1]; the last column is not read. */
  readonly tokens: Tensor;
  /** u32 [B, T], `ignoredTarget` where a position has none; only with losses. */
  readonly targets: Tensor | undefined;
  /** [B·T]; only with losses. */
  readonly losses: Tensor | undefined;
  /** u32 [B·T]: the token that each position finds most likely. */
  readonly choices: Tensor | undefined;
  readonly maps: readonly KeptMap[];
  readonly routes: readonly KeptRoute[];
  readonly plan: Plan;
}

/** Records the whole trunk without dropout, noise or drops, and what is to be kept of it. */
export function recordInside(
  config: ModelConfig,
  { batch, time, mapLayers, withLosses, withChoices = false }: InsideShape,
  options: RecordingOptions & WeightOptions,
): InsidePlan {
  const { maxBindingBytes } = options.capabilities;
  const { weights = 'f32', unquantised = [] } = options;
  const model = createModelTensors(config, { maxBindingBytes, gradients: false, weights, unquantised });
  const tokens = persistentTensor('tokens', [batch, time + 1], 'u32', 'data');
  const tape = new Tape(options);
  const x = recordTrunk(tape, model, tokens, { batch, time });
  const trunk = [...tape.dispatches];

  const maps = mapLayers.flatMap((layer) => {
    const attention = trunk.findLast(
      (dispatch) => dispatch.kernel.role === 'attention' && dispatch.layer === layer,
    );
    if (!attention) throw new Error(`inside: layer ${layer} recorded no attention.`);
    return Array.from({ length: config.heads }, (_, head) => {
      return { layer, head, map: attentionMap(tape, attention, head) };
    });
  });
  const routes = trunk
    .filter(({ kernel }) => kernel.role === 'router')
    .map(({ bindings: { selected, weights }, layer = 0 }): KeptRoute => {
      if (!selected || !weights) throw new Error(`inside: the router of layer ${layer} kept no choices.`);
      return { layer, selected, weights };
    });
  const targets = withLosses ? persistentTensor('targets', [batch, time], 'u32', 'data') : undefined;
  const losses = withLosses ? tape.tensor('losses', [batch * time]) : undefined;
  const choices = withChoices ? tape.tensor('choices', [batch * time], 'u32') : undefined;
  if (losses) {
    headLoss(tape, x, headOf(model), { tokens, targets }, losses, { time, lossPositions: 'all', choices });
  }
  const kept = [...maps.map(({ map }) => map), ...routes.flatMap((route) => [route.selected, route.weights])];
  const outputs = [losses, choices].filter((tensor) => tensor !== undefined);
  const plan = freeze('inside', tape, [...kept, ...outputs]);
  return { model, tokens, targets, losses, choices, maps, routes, plan };
}

/** Runs a look with the given weights on a runtime of its own, lets `read` take what it wants, and frees everything. */
export async function lookInside<T>(
  engine: Engine,
  inside: InsidePlan,
  weights: NamedArrays,
  inputs: { readonly tokens: Uint32Array; readonly targets?: Uint32Array },
  read: (runtime: Runtime) => Promise<T>,
): Promise<T> {
  const { model, plan, tokens, targets } = inside;
  const runtime = await openModel(engine, [plan], model, weights);
  try {
    runtime.write(tokens, inputs.tokens);
    if (targets && inputs.targets) runtime.write(targets, inputs.targets);
    await runtime.submit([{ plan, scalars: { lossScale: 1 } }]);
    return await read(runtime);
  } finally {
    runtime.dispose();
  }
}
