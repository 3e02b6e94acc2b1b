// What quantised weights and caches cost in quality: loss, loss by position, and how often the greedy choice stays the same.
import type { Tokenizer } from '../../data/tokenizer.ts';
import type { CacheFormat } from '../../plan/quantised-cache.ts';
import type { Engine } from '../plans/engine.ts';
import type { ModelFiles } from '../training/model-files.ts';
import { type QualityWeights, roundedFiles } from './rounded-files.ts';
import { type CutText, cutText, type TextWindows, windowsOf } from './text-loss.ts';
import { TokenLosses } from './token-losses.ts';

/** What is compared. */
export interface QualityFormats {
  /** f16: numbers rounded to it, and multiplied in f32. */
  readonly weights: QualityWeights;
  /** Of keys and values; in int8 the text is decoded token by token beside such a cache, in f32 it goes through whole. */
  readonly cache: CacheFormat;
}

/** Formats on a text. `flopscope evaluate --weights f32,int8,… --cache f32,int8 --json` prints one a line; stable. */
export interface WeightQuality extends QualityFormats {
  /** Padding included; of f16 what they would take. */
  readonly weightBytes: number;
  /** Mean over the predicted tokens, nats. */
  readonly loss: number;
  /** exp(loss) */
  readonly perplexity: number;
  /**
   * Share of tokens at which the most likely one is that of the first row, both seeing the same text (forced decoding);
   * 1 of the first row itself.
   */
  readonly agreement: number;
  readonly tokens: number;
  /** Mean loss of the tokens at each place of a window, from the first predicted one on. */
  readonly lossByPosition: readonly number[];
}

/**
 * Measures a model with weights and caches in several formats on one text, one after the other, so that the weights of one
 * are in memory at a time.
 * @param formats the first is what the choices of the others are held against
 * @throws LabError as evaluateText does
 */
export async function compareWeights(
  engine: Engine,
  files: Pick<ModelFiles, 'model' | 'weights'>,
  { tokenizer, text }: { readonly tokenizer: Tokenizer; readonly text: string },
  windows: Omit<TextWindows, 'weights' | 'cache'>,
  formats: readonly QualityFormats[],
  onProgress: (fraction: number) => void = () => undefined,
): Promise<WeightQuality[]> {
  const cut = await cutText(tokenizer, text, windows);
  const { unquantised = [] } = windows;
  const found: WeightQuality[] = [];
  let reference: Uint32Array | undefined;
  for (const [index, { weights, cache }] of formats.entries()) {
    const { batch, time } = cut;
    const { bytes, ...rounded } = roundedFiles(files, weights, unquantised);
    const shape = { batch, time, weights: rounded.format, unquantised, cache, withChoices: true };
    const model = await TokenLosses.open(engine, rounded, shape);
    try {
      const read = await readAll(model, cut, (fraction) => onProgress((index + fraction) / formats.length));
      const { choices, loss, lossByPosition } = read;
      const compared: Uint32Array = reference ?? choices;
      reference = compared;
      const same = choices.reduce((count, choice, at) => count + (choice === compared[at] ? 1 : 0), 0);
      found.push({
        weights,
        cache,
        weightBytes: bytes ?? model.weightBytes,
        loss,
        perplexity: Math.exp(loss),
        agreement: same / choices.length,
        tokens: choices.length,
        lossByPosition,
      });
    } finally {
      model.dispose();
    }
  }
  return found;
}

/** Losses and choices of all predicted tokens. */
async function readAll(
  model: TokenLosses,
  { tokens, time, stride, windows }: CutText,
  onProgress: (fraction: number) => void,
) {
  const choices = new Uint32Array(tokens.length - 1);
  const [sums, counts] = [new Float64Array(time), new Float64Array(time)];
  const rows = [...windowsOf(tokens, { context: time, stride })];
  let done = 0;
  await model.forEachRow(rows, (losses, index, chosen) => {
    const first = (rows[index]?.from ?? 1) - 1;
    losses.forEach((loss, at) => {
      sums[first + at] += loss;
      counts[first + at]++;
    });
    choices.set(chosen, done);
    done += losses.length;
    onProgress((index + 1) / windows);
  });
  const seen = [...sums.keys()].filter((position) => counts[position] > 0);
  return {
    choices,
    loss: sums.reduce((sum, loss) => sum + loss, 0) / done,
    lossByPosition: seen.map((position) => sums[position] / counts[position]),
  };
}
