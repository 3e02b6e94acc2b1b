// Which tokens and words each expert takes most, counted over held-out text.
import type { ExpertTaste, ExpertTastes, TakenPiece } from '../../contract/inside.ts';
import { evaluationBatches, tokenNames } from '../plans/corpus.ts';
import type { Engine } from '../plans/engine.ts';
import { stage } from '../plans/problem.ts';
import { type Run, weightsOf } from '../training/run.ts';
import { lookInside, recordInside } from './trunk.ts';

/** Tokens that are routed at least, where one row of the context is not more. */
const wantedTokens = 2048;

/** Pieces that are named for each expert. */
const namedPieces = 12;

/** What one layer's router chose for some tokens. */
export interface Choices {
  readonly experts: number;
  readonly perToken: number;
  /** [N, K] */
  readonly selected: ArrayLike<number>;
}

/** Routes held-out text with a run's weights and counts. Call when no step is in flight. */
export async function readExpertTastes(engine: Engine, run: Run): Promise<ExpertTastes> {
  const { model: config } = run.experiment;
  const { step } = run.trainer.progress;
  if (config.experts === 0) return { step, tokens: 0, layers: [] };
  const time = config.context;
  const batch = Math.max(1, Math.round(wantedTokens / time));
  const [micro] = evaluationBatches(run.dataset, batch, 1);
  if (!micro) throw new Error('inside: no held-out batch.');
  const inside = await stage('tooLarge', () =>
    recordInside(config, { batch, time, mapLayers: [], withLosses: false }, engine),
  );
  const weights = await weightsOf(run);
  const rows = Array.from({ length: batch }, (_, row) => {
    const start = row * (time + 1);
    return tokenNames(run.corpus, [...micro.tokens.subarray(start, start + time)]);
  });
  return lookInside(engine, inside, weights, micro, async (runtime) => {
    const layers: ExpertTastes['layers'][number][] = [];
    for (const { layer, selected } of inside.routes) {
      const choices = { experts: config.experts, perToken: config.expertsPerToken };
      const read = await runtime.read(selected);
      layers.push({ layer, experts: countTastes(rows, { ...choices, selected: read }) });
    }
    return { step, tokens: batch * time, layers };
  });
}

/**
 * Counts what each expert takes.
 * @param rows names of the tokens, row by row as they were routed
 */
export function countTastes(
  rows: readonly (readonly string[])[],
  { experts, perToken, selected }: Choices,
): ExpertTaste[] {
  const tokens = Array.from({ length: experts }, () => new Map<string, number>());
  const words = Array.from({ length: experts }, () => new Map<string, number>());
  let at = 0;
  for (const row of rows) {
    const wordOf = wordsOf(row);
    for (const [index, name] of row.entries()) {
      for (let choice = 0; choice < perToken; choice++) {
        const expert = selected[at++] ?? 0;
        addTo(tokens[expert], name);
        if (wordOf[index] !== undefined) addTo(words[expert], wordOf[index]);
      }
    }
  }
  const all = { tokens: totalOf(tokens), words: totalOf(words) };
  return tokens.map((counts, expert) => {
    const taken = [...counts.values()].reduce((a, b) => a + b, 0);
    return {
      expert,
      share: at > 0 ? taken / at : 0,
      tokens: largestOf(counts, all.tokens),
      words: largestOf(words[expert] ?? new Map(), all.words),
    };
  });
}

/** The word that each token is part of, in lower case; undefined between words and where a row cuts one off. */
export function wordsOf(row: readonly string[]): (string | undefined)[] {
  const words = new Array<string | undefined>(row.length).fill(undefined);
  const isLetter = (name: string) => /^[\p{L}\p{M}’']+$/u.test(name);
  for (let start = 0; start < row.length; start++) {
    if (!isLetter(row[start] ?? '')) continue;
    let end = start;
    while (end < row.length && isLetter(row[end] ?? '')) end++;
    if (start > 0 && end < row.length) words.fill(row.slice(start, end).join('').toLowerCase(), start, end);
    start = end;
  }
  return words;
}

function addTo(counts: Map<string, number> | undefined, name: string): void {
  counts?.set(name, (counts.get(name) ?? 0) + 1);
}

function totalOf(parts: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const total = new Map<string, number>();
  for (const part of parts) {
    for (const [name, count] of part) total.set(name, (total.get(name) ?? 0) + count);
  }
  return total;
}

function largestOf(counts: ReadonlyMap<string, number>, all: ReadonlyMap<string, number>): TakenPiece[] {
  return [...counts]
    .sort(([a, more], [b, most]) => most - more || (a < b ? -1 : 1))
    .slice(0, namedPieces)
    .map(([name, count]) => ({ name, count, share: count / (all.get(name) ?? count) }));
}
