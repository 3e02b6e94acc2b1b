// The loss of every token of many rows, by the weights of a model from files: what all evaluations read. Rows go through the
// model whole; where a quantised cache is asked for, token by token beside it.
import type { InferenceFormats } from '../../model/weight-format.ts';
import { atContext } from '../../model/working-context.ts';
import { bytesByClass, storagesOf } from '../../plan/store.ts';
import { recordInside } from '../inside/trunk.ts';
import { ignoredTarget } from '../plans/batches.ts';
import { checkCapacity } from '../plans/capacity.ts';
import type { Engine } from '../plans/engine.ts';
import { openModel, storedAtContext } from '../plans/open-model.ts';
import { LabError, stage } from '../plans/problem.ts';
import { ForcedDecoding, scoreLogits } from '../sampling/forced-decoding.ts';
import type { ModelFiles } from '../training/model-files.ts';

/** Tokens, each but the first predicted from those before it. */
export interface ScoredRow {
  /** At most T + 1. */
  readonly tokens: ArrayLike<number>;
  /** The first token whose loss counts, from 1; those before it are only seen. */
  readonly from: number;
}

/** Rows are computed so many at a time, with weights and caches stored so. */
export interface RowShape extends InferenceFormats {
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

/** One way to score rows, with a runtime of its own. */
interface Scorer {
  /** Losses [B·T] of the positions that have a target, and choices where they are wanted. */
  scoresOf(rows: readonly ScoredRow[]): Promise<TokenScores>;
  /** Padding included. */
  readonly weightBytes: number;
  /** 0 without a cache. */
  readonly cacheBytes: number;
  dispose(): void;
}

/** A model that says what tokens cost it. The caller disposes of it. */
export class TokenLosses {
  readonly #scorer: Scorer;
  readonly #shape: RowShape & { readonly vocabulary: number };

  private constructor(scorer: Scorer, shape: RowShape, vocabulary: number) {
    this.#scorer = scorer;
    this.#shape = { ...shape, vocabulary };
  }

  /** @throws LabError where the device has no room for the rows */
  static async open(
    engine: Engine,
    files: Pick<ModelFiles, 'model' | 'weights'>,
    shape: RowShape,
  ): Promise<TokenLosses> {
    const isExact = (shape.cache ?? 'f32') === 'f32';
    const scorer = await (isExact ? openWhole : openDecoding)(engine, files, shape);
    return new TokenLosses(scorer, shape, files.model.vocabulary);
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
      this.#checkTokens(held);
      const { losses, choices } = await this.#scorer.scoresOf(held);
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
    this.#scorer.dispose();
  }

  /** Bytes of the weights, padding included. */
  get weightBytes(): number {
    return this.#scorer.weightBytes;
  }

  /** Bytes of the caches of all rows; 0 where rows go through the model whole. */
  get cacheBytes(): number {
    return this.#scorer.cacheBytes;
  }

  #checkTokens(rows: readonly ScoredRow[]): void {
    const { vocabulary } = this.#shape;
    for (const { tokens } of rows) {
      for (let at = 0; at < tokens.length; at++) {
        if (tokens[at] < vocabulary) continue;
        const found = `token ${tokens[at]} is not in the model's vocabulary of ${vocabulary}`;
        throw new LabError({
          kind: 'invalidData',
          message: `evaluate: ${found}. Use the tokenizer that it was trained with.`,
        });
      }
    }
  }
}

/** Whole rows at once, through the trunk that training has. */
async function openWhole(
  engine: Engine,
  { model, weights: stored }: Pick<ModelFiles, 'model' | 'weights'>,
  shape: RowShape,
): Promise<Scorer> {
  const { batch, time, weights = 'f32', unquantised = [] } = shape;
  const config = { ...atContext(model, time), dropout: 0 };
  const inside = await stage('tooLarge', () => {
    checkCapacity(engine, config, 1, shape);
    const options = { ...engine, weights, unquantised };
    return recordInside(config, { ...shape, mapLayers: [], withLosses: true }, options);
  });
  const { plan, losses, choices, targets } = inside;
  if (!losses || !targets) throw new Error('evaluate: the plan keeps no losses.');
  const runtime = await openModel(engine, [plan], inside.model, storedAtContext(config, stored));
  return {
    weightBytes: bytesByClass(storagesOf(inside.model.store)).weights ?? 0,
    cacheBytes: 0,
    dispose: () => runtime.dispose(),
    scoresOf: async (rows) => {
      const inputs = new Uint32Array(batch * (time + 1));
      const wanted = new Uint32Array(batch * time).fill(ignoredTarget);
      rows.forEach(({ tokens, from }, row) => {
        for (let at = 0; at < tokens.length; at++) {
          if (at < time) inputs[row * (time + 1) + at] = tokens[at];
          if (at >= from) wanted[row * time + at - 1] = tokens[at];
        }
      });
      runtime.write(inside.tokens, inputs);
      runtime.write(targets, wanted);
      await runtime.submit([{ plan, scalars: { lossScale: 1 } }]);
      return {
        losses: (await runtime.read(losses)) as Float32Array,
        choices: choices ? ((await runtime.read(choices)) as Uint32Array) : new Uint32Array(0),
      };
    },
  };
}

/** Token by token beside the cache, as a sampler reads it. */
async function openDecoding(
  engine: Engine,
  files: Pick<ModelFiles, 'model' | 'weights'>,
  shape: RowShape,
): Promise<Scorer> {
  const { batch, time, withChoices = false } = shape;
  const decoding = await ForcedDecoding.open(engine, files, shape);
  return {
    weightBytes: decoding.weightBytes,
    cacheBytes: decoding.cacheBytes,
    dispose: () => decoding.dispose(),
    scoresOf: async (rows) => {
      const losses = new Float32Array(batch * time);
      const choices = new Uint32Array(withChoices ? batch * time : 0);
      const inputs = rows.map(({ tokens }) => Array.from(tokens).slice(0, -1));
      await decoding.decode(inputs, (logits, row, position) => {
        const scores = scoreLogits(logits, rows[row]?.tokens[position + 1] ?? 0);
        losses[row * time + position] = scores.loss;
        if (withChoices) choices[row * time + position] = scores.choice;
      });
      return { losses, choices };
    },
  };
}
