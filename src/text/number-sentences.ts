// The number on display worked into a sentence that a reader without the field's words can check in the head.
import { formatBytes, formatCount, formatPercent, formatSi } from './numbers.ts';

/** What a loss (nats a token) says of single tokens. Empty when it is not known. */
export function lossSentence(loss: number | undefined): string {
  if (loss === undefined || !Number.isFinite(loss)) return '';
  const choices = Math.exp(loss);
  return `Now the token that came had been given a probability of ${formatPercent(1 / choices)}, typically: as if it were one of ${formatSi(choices)} equally likely ones.`;
}

/** How much of its peak (FLOP/s) a device gives to the model, the share from 0 to 1. Empty when either is not known. */
export function utilizationSentence(
  share: number | undefined,
  peak: number | undefined,
  worker: string,
): string {
  if (share === undefined || peak === undefined) return '';
  return `Your ${worker} did ${formatSi(share * peak)} of ${formatSi(peak)} additions and multiplications a second: ${formatPercent(share)}.`;
}

/** What parameters weigh, and what learning from a token takes (FLOP, by the convention shown beside; experts that rest do not count). */
export function parametersSentence(parameters: number, flopsPerToken: number | undefined): string {
  const weight = `${formatCount(parameters)} numbers of 4 bytes are ${formatBytes(4 * parameters)}`;
  if (flopsPerToken === undefined) return `${weight}.`;
  return `${weight}; learning from a token takes about ${formatSi(flopsPerToken, 'FLOP')}, a third of it to predict the token.`;
}

/** Tokens seen, by the parameters that they teach and by the text (bytes a token) that they are. Empty before a run. */
export function tokensSentence(
  tokens: number | undefined,
  parameters: number | undefined,
  bytesPerToken: number | undefined,
): string {
  if (tokens === undefined) return '';
  const text = bytesPerToken === undefined ? '' : ` They are ${formatBytes(tokens * bytesPerToken)} of text.`;
  if (parameters === undefined || parameters <= 0) return text.trim();
  return `So far ${formatSi(tokens / parameters)} for each parameter; the rule for the best use of arithmetic is about 20.${text}`;
}

/** What the memory of training (bytes) is beside that of the weights alone. */
export function memorySentence(total: number, weights: number): string {
  if (weights <= 0) return '';
  return `Here training takes ${formatSi(total / weights)} times the ${formatBytes(weights)} of the weights.`;
}
