// Caches of keys and values to compare: the model's sizes with every kind of attention, and the published models.

import { formatPercent, formatSi } from '../../text/numbers.ts';
import type { Tone } from '../../text/plot-layout.ts';
import type { FigureTable } from '../../text/table.ts';
import { cacheOfArchitecture } from '../../theory/architecture.ts';
import { type CacheLayout, type CacheReport, reportCache, withWindows } from '../../theory/kv-cache.ts';
import type { PressCaseModel } from '../../theory/press-cases.ts';
import type { Bar } from '../figures/svg-bars.ts';
import { type CostsInputs, publishedStarts } from './inputs.ts';

/** A cache with its name and report. */
export interface NamedCache {
  readonly name: string;
  readonly tone: Tone;
  readonly report: CacheReport;
}

/** DeepSeek-V3's latent vector and key with positions (arXiv 2412.19437), taken for any width. */
const latent = { kind: 'latent', latent: 512, decoupledKey: 64 } as const;
/** Gemma 3: every sixth layer looks at everything, the others at 1024 tokens (arXiv 2503.19786). */
const gemmaWindow = { size: 1024, globalEvery: 6 } as const;

/** The model's sizes with each kind of attention. D = d / H; every group of 8 query heads shares a key/value head in GQA. */
export function attentionCaches({ model, bytesPerValue }: CostsInputs): readonly NamedCache[] {
  const { heads, layers, context } = model;
  const headSize = model.width / heads;
  const layout = (keyValueHeads: number): CacheLayout => {
    return { heads, headSize, groups: [{ layers, entry: { kind: 'heads', keyValueHeads, headSize } }] };
  };
  const grouped = Math.max(1, Math.round(heads / 8));
  const withLatent = (decoupledKey: number): CacheLayout => {
    return { heads, headSize, groups: [{ layers, entry: { ...latent, decoupledKey } }] };
  };
  const window = (of: CacheLayout): CacheLayout => withWindows(of, gemmaWindow.size, gemmaWindow.globalEvery);
  const kinds: readonly (readonly [name: string, tone: Tone, layout: CacheLayout])[] = [
    [`MHA, ${heads} heads`, 'class-4', layout(heads)],
    [`GQA, ${grouped} of ${heads}`, 'class-2', layout(grouped)],
    ['MQA, 1 head', 'class-1', layout(1)],
    ['MLA, 512 + 64', 'class-3', withLatent(latent.decoupledKey)],
    ['MLA, 512 alone', 'class-3', withLatent(0)],
    ['MHA, windows 5:1', 'class-5', window(layout(heads))],
    ['GQA, windows 5:1', 'class-5', window(layout(grouped))],
  ];
  return kinds.map(([name, tone, of]) => {
    return { name, tone, report: reportCache(of, context, bytesPerValue * 8) };
  });
}

/** The published models, at one context for all. */
export function publishedCaches({ model, bytesPerValue }: CostsInputs): readonly NamedCache[] {
  return publishedStarts.flatMap(({ name, architecture }): NamedCache[] => {
    if (architecture === undefined) return [];
    const layout = cacheOfArchitecture(architecture);
    const tone = architecture.latentAttention
      ? 'class-3'
      : architecture.windows
        ? 'class-5'
        : architecture.keyValueHeads < architecture.heads
          ? 'class-2'
          : 'class-4';
    return [{ name, tone, report: reportCache(layout, model.context, bytesPerValue * 8) }];
  });
}

/** What a bar shows: growth per token of context, or the whole context. */
export type CacheMeasure = 'token' | 'context';

/** Caches as bars. */
export function cacheBars(caches: readonly NamedCache[], measure: CacheMeasure): readonly Bar[] {
  return caches.map(({ name, tone, report }): Bar => {
    const value = measure === 'token' ? report.bytesPerToken : report.bytesAtContext;
    const text = formatSi(value, 'B');
    return { label: name, text, stretches: [{ name: `${name}: ${text}`, value, tone }] };
  });
}

/** Caches as a table. */
export function cachesTable(caches: readonly NamedCache[], { context }: PressCaseModel): FigureTable {
  const bytes = (value: number): string => formatSi(value, 'B');
  return {
    columns: [
      { label: 'Cache' },
      { label: 'Kind', room: 'medium' },
      { label: 'Bytes a token', format: bytes },
      { label: 'Bytes a token once windows are full', format: bytes },
      { label: `Bytes of ${context} tokens`, format: bytes },
      { label: 'Share of multi-head attention', format: formatPercent },
    ],
    rows: caches.map(({ name, report }) => [
      name,
      report.kind,
      report.bytesPerToken,
      report.bytesPerTokenBeyondWindows,
      report.bytesAtContext,
      report.shareOfMultiHead,
    ]),
  };
}
