// The loss of a model on a whole text: windows side by side, or overlapping so that every token sees more.
import type { Tokenizer } from '../../data/tokenizer.ts';
import type { InferenceFormats } from '../../model/weight-format.ts';
import { bitsPerByte } from '../../theory/bits-per-byte.ts';
import type { Engine } from '../plans/engine.ts';
import { LabError, stage } from '../plans/problem.ts';
import type { ModelFiles } from '../training/model-files.ts';
import { type ScoredRow, TokenLosses } from './token-losses.ts';

/** What a text costs a model. `flopscope evaluate --json` ends with this; stable. */
export interface TextLoss {
  /** Mean over the tokens, nats. */
  readonly loss: number;
  /** exp(loss) */
  readonly perplexity: number;
  /** Loss over the bytes of the predicted tokens: comparable across tokenizers. */
  readonly bitsPerByte: number;
  /** Predicted tokens: all but the first, unless the tokenizer puts one before it. */
  readonly tokens: number;
  /** Of the text (code points). */
  readonly characters: number;
}

/** How a text is cut, and how weights and caches are stored. */
export interface TextWindows extends InferenceFormats {
  /** Tokens that the model sees at once (T). */
  readonly context: number;
  /** Tokens from one window to the next, 1 to T: fewer than T let each token see at least T − stride before it. */
  readonly stride: number;
  /** Windows computed at once. */
  readonly batch: number;
}

/**
 * Windows of T + 1 tokens (T predictions), `stride` apart. Each token but the first is counted once, in the first
 * window that predicts it; so with a stride of T windows do not overlap, and see nothing of each other.
 */
export function* windowsOf(
  tokens: Uint32Array,
  { context, stride }: Pick<TextWindows, 'context' | 'stride'>,
): Generator<ScoredRow> {
  let counted = 0; // predictions so far: token `counted` is the last one counted
  for (let start = 0; counted < tokens.length - 1; start += stride) {
    const window = tokens.subarray(start, start + context + 1);
    yield { tokens: window, from: counted - start + 1 };
    counted = start + window.length - 1;
  }
}

/** A text as rows to score. */
export interface CutText {
  /** With what the tokenizer puts before a text. */
  readonly tokens: Uint32Array;
  readonly batch: number;
  /** T of the windows: no more than the text has. */
  readonly time: number;
  readonly stride: number;
  readonly windows: number;
}

/** Cuts a text. @throws LabError for a text of one token, or with what the tokenizer refuses */
export async function cutText(
  tokenizer: Tokenizer,
  text: string,
  { context, stride, batch }: TextWindows,
): Promise<CutText> {
  const encoded = await stage('invalidData', () => tokenizer.encode(text));
  const { prefix } = tokenizer;
  const tokens = new Uint32Array(prefix.length + encoded.length);
  tokens.set(prefix);
  tokens.set(encoded, prefix.length);
  if (encoded.length === 0 || tokens.length < 2) {
    const message = `evaluate: the text has ${encoded.length} tokens, and 2 are needed to predict one. Give a longer text.`;
    throw new LabError({ kind: 'invalidData', message });
  }
  // A short text needs no long windows, nor many of them.
  const time = Math.min(context, tokens.length - 1);
  const apart = Math.min(stride, time);
  const windows = Math.ceil((tokens.length - 1 - time) / apart) + 1;
  return { tokens, time, stride: apart, windows, batch: Math.min(batch, windows) };
}

/** Evaluates a text. @throws LabError for a text of one token, or with what the tokenizer or the device refuse */
export async function evaluateText(
  engine: Engine,
  files: Pick<ModelFiles, 'model' | 'weights'>,
  tokenizer: Tokenizer,
  text: string,
  cutting: TextWindows,
  onProgress: (fraction: number) => void = () => undefined,
): Promise<TextLoss> {
  const cut = await cutText(tokenizer, text, cutting);
  const { tokens: all, time, stride, windows, batch } = cut;
  const { prefix } = tokenizer;
  const { weights = 'f32', unquantised = [], cache = 'f32' } = cutting;
  const losses = await TokenLosses.open(engine, files, { batch, time, weights, unquantised, cache });
  let sum = 0;
  try {
    await losses.forEachRow(windowsOf(all, { context: time, stride }), (row, index) => {
      for (const loss of row) sum += loss;
      onProgress((index + 1) / windows);
    });
  } finally {
    losses.dispose();
  }
  const predicted = all.length - 1;
  const unpredicted = prefix.length > 0 ? 0 : tokenizer.byteLength(all[0]);
  const bytes = new TextEncoder().encode(text).length - unpredicted;
  const loss = sum / predicted;
  let characters = 0;
  for (const _ of text) characters++;
  return {
    loss,
    perplexity: Math.exp(loss),
    bitsPerByte: bitsPerByte(loss, bytes / predicted),
    tokens: predicted,
    characters,
  };
}
