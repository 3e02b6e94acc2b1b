// What the cache of keys and values holds per token: multi-head, grouped, multi-query and latent attention, with sliding windows.
import { refuseInput, requirePositive } from './assumptions.ts';

/** What one layer keeps of one token. */
export type CacheEntry =
  /** A key and a value for each of G heads; G = H is multi-head, 1 is multi-query attention. */
  | { readonly kind: 'heads'; readonly keyValueHeads: number; readonly headSize: number }
  /** One latent vector for all heads, and the key with rotary positions that is kept beside it (0 without). */
  | { readonly kind: 'latent'; readonly latent: number; readonly decoupledKey: number };

/** Layers that keep the same. */
export interface LayerCache {
  readonly layers: number;
  readonly entry: CacheEntry;
  /** Tokens that are kept; undefined keeps all. */
  readonly window?: number;
}

/** The cache of a model. */
export interface CacheLayout {
  /** H and D of the multi-head attention that the cache is compared with. */
  readonly heads: number;
  readonly headSize: number;
  readonly groups: readonly LayerCache[];
}

/** Values that an entry takes: 2·G·D, or d_c and the decoupled key. */
export function entryValues(entry: CacheEntry): number {
  return entry.kind === 'heads'
    ? 2 * entry.keyValueHeads * entry.headSize
    : entry.latent + entry.decoupledKey;
}

/** Values that a token takes in all layers while every window holds it. */
export function cacheValuesPerToken({ groups }: CacheLayout): number {
  return groups.reduce((sum, { layers, entry }) => sum + layers * entryValues(entry), 0);
}

/** Values of a context of so many tokens, one sequence. @throws an ImpossibleInputError unless it is a whole number from 1 */
export function cacheValues({ groups }: CacheLayout, tokens: number): number {
  requirePositive('kv cache', 'the context', tokens);
  if (!Number.isInteger(tokens))
    refuseInput(`kv cache: the context is no whole number: ${tokens}. Round it.`);
  return groups.reduce(
    (sum, { layers, entry, window = tokens }) => sum + layers * entryValues(entry) * Math.min(tokens, window),
    0,
  );
}

/** The same cache with windows of so many tokens in all layers but every `globalEvery`-th. */
export function withWindows(layout: CacheLayout, window: number, globalEvery: number): CacheLayout {
  requirePositive('kv cache', 'the window', window);
  const layers = layout.groups.reduce((sum, group) => sum + group.layers, 0);
  const { entry } = layout.groups[0] ?? refuseInput('kv cache: there are no layers. Give one or more.');
  const globals = Math.floor(layers / globalEvery);
  const groups = [
    { layers: layers - globals, entry, window },
    { layers: globals, entry },
  ];
  return { ...layout, groups: groups.filter((group) => group.layers > 0) };
}

/** What is said of a cache; bytes are of one sequence. */
export interface CacheReport {
  /** Such as `GQA 32:8, 52 of 62 layers with a window of 1024`. */
  readonly kind: string;
  readonly layers: number;
  readonly bitsPerValue: number;
  readonly valuesPerToken: number;
  readonly bytesPerToken: number;
  /** Growth per token once all windows are full. */
  readonly bytesPerTokenBeyondWindows: number;
  readonly context: number;
  readonly bytesAtContext: number;
  /** 2·H·D in every layer, whole context: what multi-head attention would take. */
  readonly multiHeadBytesPerToken: number;
  /** This cache at the context over that of multi-head attention. */
  readonly shareOfMultiHead: number;
  /** Latent attention only: d_c alone, as the literature often counts. */
  readonly bytesPerTokenWithoutDecoupledKey?: number;
}

/** What a report counts. */
export const cacheConvention =
  'keys and values of one sequence, all layers; 1 value is bitsPerValue / 8 bytes; latent attention with its decoupled key unless said';

/** Sizes of a cache. @throws an ImpossibleInputError */
export function reportCache(layout: CacheLayout, context: number, bitsPerValue: number): CacheReport {
  requirePositive('kv cache', 'the number of bits per value', bitsPerValue);
  const bytes = (values: number): number => (values * bitsPerValue) / 8;
  const { groups, heads, headSize } = layout;
  const layers = groups.reduce((sum, group) => sum + group.layers, 0);
  const valuesPerToken = cacheValuesPerToken(layout);
  const multiHead = layers * 2 * heads * headSize;
  const atContext = cacheValues(layout, context);
  const globals = groups.filter(({ window }) => window === undefined);
  return {
    kind: nameCache(layout, layers),
    layers,
    bitsPerValue,
    valuesPerToken,
    bytesPerToken: bytes(valuesPerToken),
    bytesPerTokenBeyondWindows: bytes(cacheValuesPerToken({ ...layout, groups: globals })),
    context,
    bytesAtContext: bytes(atContext),
    multiHeadBytesPerToken: bytes(multiHead),
    shareOfMultiHead: atContext / (multiHead * context),
    ...(groups.some(({ entry }) => entry.kind === 'latent')
      ? { bytesPerTokenWithoutDecoupledKey: bytes(cacheValuesPerToken(withoutDecoupledKey(layout))) }
      : {}),
  };
}

/** The cache as if positions needed no key of their own. */
export function withoutDecoupledKey(layout: CacheLayout): CacheLayout {
  const groups = layout.groups.map((group): LayerCache => {
    const { entry } = group;
    return { ...group, entry: entry.kind === 'latent' ? { ...entry, decoupledKey: 0 } : entry };
  });
  return { ...layout, groups };
}

function nameCache({ groups, heads }: CacheLayout, layers: number): string {
  const windows = groups.map(({ layers: count, window }) =>
    window === undefined ? '' : `, ${count} of ${layers} layers with a window of ${window}`,
  );
  return `${[...new Set(groups.map(({ entry }) => nameEntry(entry, heads)))].join(' and ')}${windows.join('')}`;
}

function nameEntry(entry: CacheEntry, heads: number): string {
  if (entry.kind === 'latent') return `MLA ${entry.latent}+${entry.decoupledKey}`;
  if (entry.keyValueHeads === heads) return `MHA ${heads}`;
  return `${entry.keyValueHeads === 1 ? 'MQA' : 'GQA'} ${heads}:${entry.keyValueHeads}`;
}
