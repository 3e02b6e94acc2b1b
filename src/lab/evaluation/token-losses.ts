// The loss of every token of many rows, by the weights of a model from files: what all evaluations read.
import type { WeightOptions } from '../../model/weight-format.ts';
import { atContext } from '../../model/working-context.ts';
import { bytesByClass, storagesOf } from '../../plan/store.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { type InsidePlan, recordInside } from '../inside/trunk.ts';
import { ignoredTarget } from '../plans/batches.ts';
import { checkCapacity } from '../plans/capacity.ts';
import type { Engine } from '../plans/engine.ts';
import { openModel, storedAtContext } from '../plans/open-model.ts';
import { LabError, stage } from '../plans/problem.ts';
import type { ModelFiles } from '../training/model-files.ts';

/** Tokens, each but the first predicted from those before it. */
export interface ScoredRow {
  /** At most T + 1. */
  readonly tokens: ArrayLike<number>;
  /** The first token whose loss counts, from 1; those before it are only seen. */
  readonly from: number;
}

/** Rows are computed so many at a time, with weights stored so. */
export interface RowShape extends WeightOptions {
  /** B */
  readonly batch: number;
  /** T, at most the model's context. */
  readonly time: number;
  /** Whether the greedy choice of every position is wanted beside its loss. */
  readonly withChoices?: boolean;
}

/** What was found of the counted tokens of a row. */
export interface TokenScores {
  /** Nats. */
  readonly losses: Float32Array;
  /** The most likely token where each stands; empty unless wanted. */
  readonly choices: Uint32Array;
}

/** A model that says what tokens cost it. The caller disposes of it. */
export class TokenLosses {
  readonly #runtime: Runtime;
  readonly #inside: InsidePlan;
  readonly #shape: RowShape;

  private constructor(runtime: Runtime, inside: InsidePlan, shape: RowShape) {
    this.#runtime = runtime;
    this.#inside = inside;
    this.#shape = shape;
  }

  /** @throws LabError where the device has no room for the rows */
  static async open(
    engine: Engine,
    { model, weights }: Pick<ModelFiles, 'model' | 'weights'>,
    shape: RowShape,
  ): Promise<TokenLosses> {
    const config = { ...atContext(model, shape.time), dropout: 0 };
    const inside = await stage('tooLarge', () => {
      checkCapacity(engine, config, 1, shape);
      const { weights: format = 'f32', unquantised = [] } = shape;
      const options = { ...engine, weights: format, unquantised };
      return recordInside(config, { ...shape, mapLayers: [], withLosses: true }, options);
    });
    const runtime = await openModel(engine, [inside.plan], inside.model, storedAtContext(config, weights));
    return new TokenLosses(runtime, inside, shape);
  }

  /**
   * Hands on the losses of the counted tokens of each row, in nats, in order, and their choices.
   * @throws LabError if a token is not in the model's vocabulary, or a loss is no number
   */
  async forEachRow(
    rows: Iterable<ScoredRow>,
    take: (losses: Float32Array, index: number, choices: Uint32Array) => void,
  ): Promise<void> {
    let held: ScoredRow[] = [];
    let done = 0;
    const flush = async (): Promise<void> => {
      const { losses, choices } = await this.#scoresOf(held);
      held.forEach((row, index) => {
        const start = index * this.#shape.time;
        const [first, end] = [start + row.from - 1, start + row.tokens.length - 1];
        const counted = losses.subarray(first, end);
        const bad = counted.findIndex((loss) => !Number.isFinite(loss));
        if (bad >= 0) {
          const found = `the loss of token ${row.from + bad} of row ${done + index} is ${counted[bad]}`;
          throw new LabError({
            kind: 'invalidData',
            message: `evaluate: ${found}. Are the weights those of a run that failed?`,
          });
        }
        take(counted, done + index, choices.subarray(first, end));
      });
      done += held.length;
      held = [];
    };
    for (const row of rows) {
      held.push(row);
      if (held.length === this.#shape.batch) await flush();
    }
    if (held.length > 0) await flush();
  }

  dispose(): void {
    this.#runtime.dispose();
  }

  /** Bytes of the weights, padding included. */
  get weightBytes(): number {
    return bytesByClass(storagesOf(this.#inside.model.store)).weights ?? 0;
  }

  /** [B·T] each. */
  async #scoresOf(rows: readonly ScoredRow[]): Promise<TokenScores> {
    const { batch, time } = this.#shape;
    const { vocabulary } = this.#inside.model.config;
    const inputs = new Uint32Array(batch * (time + 1));
    const targets = new Uint32Array(batch * time).fill(ignoredTarget);
    rows.forEach(({ tokens, from }, row) => {
      for (let at = 0; at < tokens.length; at++) {
        if (tokens[at] >= vocabulary) {
          const found = `token ${tokens[at]} is not in the model's vocabulary of ${vocabulary}`;
          throw new LabError({
            kind: 'invalidData',
            message: `evaluate: ${found}. Use the tokenizer that it was trained with.`,
          });
        }
        if (at < time) inputs[row * (time + 1) + at] = tokens[at];
        if (at >= from) targets[row * time + at - 1] = tokens[at];
      }
    });
    const { plan, losses, choices } = this.#inside;
    if (!losses || !this.#inside.targets) throw new Error('evaluate: the plan keeps no losses.');
    this.#runtime.write(this.#inside.tokens, inputs);
    this.#runtime.write(this.#inside.targets, targets);
    await this.#runtime.submit([{ plan, scalars: { lossScale: 1 } }]);
    return {
      losses: (await this.#runtime.read(losses)) as Float32Array,
      choices: choices ? ((await this.#runtime.read(choices)) as Uint32Array) : new Uint32Array(0),
    };
  }
}
