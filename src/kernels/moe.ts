// A mixture of experts: routes tokens to a few feed-forward layers each, without drops unless asked, bit for bit repeatable.
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import { activation } from './activation.ts';
import type { ActivationName } from './activation-functions.ts';
import { combineExperts } from './expert-combine.ts';
import { placeTokens } from './expert-placement.ts';
import { gatedActivation } from './gated-activation.ts';
import { expertLinear } from './grouped-matmul.ts';
import { expertTileRows } from './grouped-matmul-variants.ts';
import { linear } from './linear.ts';
import { type RouterLosses, type RouterOptions, route } from './router.ts';
import { recordStatistics } from './router-statistics.ts';

/** The weights of a mixture. */
export interface MoeParameters {
  /** [C, E] */
  readonly router: Tensor;
  /** [E, C, F], or [E, C, 2F] with gate columns first. */
  readonly expand: Tensor;
  /** [E, F, C] */
  readonly contract: Tensor;
}

/** How a mixture computes. */
export interface MoeOptions {
  readonly router: RouterOptions;
  /** True where `expand` makes gate and up. */
  readonly gated: boolean;
  readonly activation: ActivationName;
  /** Weights of the auxiliary losses, divided by the number of micro-batches; none by default. */
  readonly losses?: RouterLosses;
  /** While training an expert takes ⌈factor · N·K ÷ E⌉ tokens at most, in their order; 0 or absent drops none. */
  readonly capacityFactor?: number;
  /** [N, C], added to the result. */
  readonly residual?: Tensor | undefined;
  /** While training: where this replay's numbers are added, in the row of `layer`. */
  readonly statistics?: { readonly tensor: Tensor; readonly layer: number } | undefined;
}

/** Tokens that an expert takes at most. */
export function expertCapacity(factor: number, choices: number, experts: number): number {
  return Math.min(choices, Math.ceil((factor * choices) / experts));
}

/**
 * y = (residual +) Σ over the chosen experts of weight · expert(x), with the gradients of everything.
 * @param x [N, C]
 * @returns [N, C]
 * @throws if the sizes do not fit.
 */
export function moe(tape: Tape, x: Tensor, parameters: MoeParameters, options: MoeOptions): Tensor {
  const { router, expand, contract } = parameters;
  const { perToken } = options.router;
  const { losses = { balance: 0, zLoss: 0 }, capacityFactor = 0, residual, statistics } = options;
  checkShapes(x, parameters, options.gated);
  const experts = router.shape[1] ?? 1;
  const choices = (elementCount(x.shape) / (x.shape.at(-1) ?? 1)) * perToken;
  const capacity =
    capacityFactor > 0 && tape.training ? expertCapacity(capacityFactor, choices, experts) : undefined;

  const { routing, placement } = tape.scope('router', () =>
    tape.term('router', () => {
      const logits = linear(tape, x, router, { name: 'router logits' });
      const routed = route(tape, logits, options.router, losses, () => placed.counts);
      const tileRows = expertTileRows(tape.capabilities, choices, experts);
      const placed = placeTokens(tape, routed.selected, experts, { tileRows, capacity });
      return { routing: routed, placement: placed };
    }),
  );
  const expanded = tape.scope('expand', () =>
    expertLinear(tape, x, expand, placement, { perToken, name: 'expanded' }),
  );
  const hidden = tape.scope('activation', () =>
    options.gated
      ? gatedActivation(tape, expanded, options.activation)
      : activation(tape, expanded, options.activation),
  );
  const outputs = tape.scope('contract', () =>
    expertLinear(tape, hidden, contract, placement, { name: 'expert outputs' }),
  );
  const y = tape.scope('combine', () => combineExperts(tape, outputs, routing.weights, placement, residual));
  if (statistics && tape.training) {
    // In the backward pass, which is recorded once even where the forward pass is recorded again.
    const isSigmoid = options.router.score === 'sigmoid';
    const record = () =>
      recordStatistics(tape, routing, placement, statistics.tensor, { layer: statistics.layer, isSigmoid });
    tape.scope('router', () =>
      tape.term('router', () => tape.onBackward([routing.weights, outputs], y, record)),
    );
  }
  return y;
}

function checkShapes(x: Tensor, { router, expand, contract }: MoeParameters, gated: boolean): void {
  const width = x.shape.at(-1) ?? 1;
  const experts = router.shape[1] ?? 0;
  const hidden = contract.shape[1] ?? 0;
  const fits = (tensor: Tensor, ...shape: number[]) =>
    tensor.shape.length === shape.length && tensor.shape.every((size, i) => size === shape[i]);
  const columns = gated ? 2 * hidden : hidden;
  if (
    fits(router, width, experts) &&
    fits(expand, experts, width, columns) &&
    fits(contract, experts, hidden, width)
  )
    return;
  throw new Error(
    `moe: x ${describeTensor(x)}, router ${describeTensor(router)}, expand ${describeTensor(expand)} and contract ` +
      `${describeTensor(contract)} do not fit. Pass [N, C], [C, E], [E, C, ${gated ? '2F' : 'F'}] and [E, F, C].`,
  );
}
