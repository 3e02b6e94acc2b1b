// `flopscope serve-bench --draft`: one text with drafts and without, beside what the plans of both models predict.
import type { ServingCase } from '../../contract/serving.ts';
import type { ServedFiles } from '../../lab/serving/serve.ts';
import { serveDrafted } from '../../lab/serving/serve-drafted.ts';
import type { Plan } from '../../plan/plan.ts';
import { formatFigure, formatPercent, formatSeconds, formatSi } from '../../text/numbers.ts';
import type { Machine } from '../device.ts';
import { readDraft } from '../models.ts';
import type { Output } from '../output.ts';
import { completeProfile } from '../profiles.ts';
import type { ServeOptions } from './options.ts';

/** One text with drafts and without: a line. */
export async function benchDrafts(
  { engine, device }: Machine,
  files: ServedFiles,
  options: ServeOptions,
  output: Output,
): Promise<void> {
  const { prompt, weights, cache, runtime } = options;
  const draft = await readDraft(options.draft, options.draftTokens, output.note);
  if (!draft) return;
  const served: ServingCase = { batch: 1, prompt, output: options.output };
  const complete = async (plans: readonly Plan[]) => {
    if (options.calibrate) engine.profile = await completeProfile(engine, plans, engine.profile, output);
  };
  const found = await serveDrafted(engine, files, served, { ...options, draft }, complete);
  const { measured, predicted = [], weightBytes, cacheBytes, draftBytes } = found;
  const [first] = predicted;
  const line = {
    batch: 1,
    weights,
    cache,
    runtime,
    prompt,
    output: options.output,
    draft: options.draft === 'ngram' ? 'ngram' : 'model',
    draftTokens: options.draftTokens,
    tokensPerSecond: measured?.tokensPerSecond ?? null,
    plainTokensPerSecond: measured?.plainTokensPerSecond ?? null,
    speedUp: measured?.speedUp ?? null,
    predictedSpeedUp: measured ? (first?.speedUp ?? null) : null,
    /** Where nothing was run: for several shares of accepted tokens. */
    predictedSpeedUps: measured
      ? null
      : predicted.map(({ acceptance, speedUp }) => ({ acceptance, speedUp })),
    spread: measured?.spread ?? null,
    acceptance: measured?.acceptance ?? null,
    tokensPerCheck: measured?.tokensPerCheck ?? null,
    predictedTokensPerCheck: measured ? (first?.tokensPerCheck ?? null) : null,
    checkedShare: measured?.checkedShare ?? null,
    draftSeconds: measured?.draftSeconds ?? null,
    isSame: measured?.isSame ?? null,
    predictedTokenSeconds: first?.tokenSeconds ?? null,
    predictedDraftSeconds: first?.draftSeconds ?? null,
    predictedCheckSeconds: first?.checkSeconds ?? null,
    weightBytes,
    cacheBytes,
    draftBytes,
    device,
  };
  const known = (value: number | null, format: (value: number) => string) =>
    value === null ? '–' : format(value);
  const rate = (value: number | null) => known(value, (one) => formatSi(one, 'tokens/s'));
  output.result(
    line,
    [
      `one text, prompt of ${prompt} and ${options.output} tokens, drafts of ${options.draftTokens} by ` +
        `${options.draft === 'ngram' ? 'n-grams' : 'the smaller model'}`,
      ...(line.predictedSpeedUps ?? []).map(
        ({ acceptance, speedUp }) =>
          `predicted speed-up where ${formatPercent(acceptance)} of the drafted tokens are accepted: ${formatFigure(speedUp)}`,
      ),
      `with drafts ${rate(line.tokensPerSecond)}, without ${rate(line.plainTokensPerSecond)}: speed-up ` +
        `${known(line.speedUp, formatFigure)} (± ${known(line.spread, formatPercent)}), predicted ${known(line.predictedSpeedUp, formatFigure)}`,
      `accepted ${known(line.acceptance, formatPercent)}; tokens a check ${known(line.tokensPerCheck, formatFigure)}, ` +
        `predicted ${known(line.predictedTokensPerCheck, formatFigure)}; ${known(line.checkedShare, formatPercent)} of the tokens came from checks`,
      `predicted for a token ${known(line.predictedTokenSeconds, formatSeconds)}, a draft ` +
        `${known(line.predictedDraftSeconds, formatSeconds)}, a check ${known(line.predictedCheckSeconds, formatSeconds)}; a draft took ${known(line.draftSeconds, formatSeconds)}`,
    ].join('\n'),
  );
}
