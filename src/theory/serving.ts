// What serving costs in closed form: the roofline of a decoding step by batch and context, what fits in a memory, and where one
// bound gives way to another. For any model whose numbers are known, without running it.
import {
  type Architecture,
  cacheOfArchitecture,
  countArchitecture,
  expertParameters,
} from './architecture.ts';
import { refuseInput, requirePositive } from './assumptions.ts';
import { type CacheEntry, type CacheLayout, cacheValues } from './kv-cache.ts';

/** A model as decoding meets it. */
export interface ServedModel {
  /** Numbers that stay in memory: all. */
  readonly parameters: number;
  /** Numbers that every step multiplies by, whatever the tokens: all but tables that are looked up, and experts. */
  readonly denseParameters: number;
  /** Routed experts, of all layers that have some. */
  readonly experts?: {
    /** Numbers of all of them. */
    readonly parameters: number;
    readonly count: number;
    readonly perToken: number;
  };
  readonly cache: CacheLayout;
}

/** A device, by its rates; a multiply-add counts as two flops. */
export interface ServingDevice {
  readonly memoryBytes: number;
  readonly bytesPerSecond: number;
  readonly flopsPerSecond: number;
}

/** Bits of a number in memory, scales and the like included. */
export interface ServingPrecision {
  readonly weightBits: number;
  readonly cacheBits: number;
}

/** Sequences that are decoded together, and the tokens in the cache of each. */
export interface ServingLoad {
  readonly batch: number;
  readonly context: number;
}

/** One token of every sequence. */
export interface DecodeStep {
  readonly flops: number;
  readonly weightBytes: number;
  readonly cacheBytes: number;
  readonly arithmeticSeconds: number;
  readonly bandwidthSeconds: number;
  /** The larger of both: the roofline. */
  readonly seconds: number;
  readonly tokensPerSecond: number;
  readonly bound: 'bandwidth' | 'arithmetic';
}

/** What the figures leave out. */
export const servingConvention =
  'a step reads every weight once and every cache once, experts as many as a batch of evenly spread tokens takes; ' +
  'activations are left out, of time and of memory; a multiply-add is 2 flops';

/** Flops that one new token spends on one cached token in a layer: scores and weighted values of all heads. */
function flopsPerCachedToken({ heads }: CacheLayout, entry: CacheEntry): number {
  // A latent cache is read absorbed: [latent | rotated key] are keys of every head, the latents its values.
  const columns = entry.kind === 'heads' ? 2 * entry.headSize : 2 * entry.latent + entry.decoupledKey;
  return 2 * heads * columns;
}

/** Experts that a batch takes of `count`, each token `perToken` of them evenly: count · (1 − (1 − perToken/count)^batch). */
export function expertsTaken(count: number, perToken: number, batch: number): number {
  return count * (1 - (1 - perToken / count) ** batch);
}

/** Bytes of all weights. */
export function weightBytesOf({ parameters }: ServedModel, { weightBits }: ServingPrecision): number {
  return (parameters * weightBits) / 8;
}

/** Bytes of the caches of all sequences. */
export function cacheBytesOf(
  { cache }: ServedModel,
  { batch, context }: ServingLoad,
  { cacheBits }: ServingPrecision,
): number {
  return (batch * cacheValues(cache, context) * cacheBits) / 8;
}

/** The roofline of one token of every sequence. @throws an ImpossibleInputError */
export function decodeStep(
  model: ServedModel,
  load: ServingLoad,
  precision: ServingPrecision,
  device: ServingDevice,
): DecodeStep {
  requirePossibleServing(load, precision, device);
  const { batch, context } = load;
  const { denseParameters, experts, cache } = model;
  const share = experts ? experts.parameters / experts.count : 0;
  const used = denseParameters + share * (experts?.perToken ?? 0);
  const read = denseParameters + (experts ? share * expertsTaken(experts.count, experts.perToken, batch) : 0);
  const attention = cache.groups.reduce((sum, { layers, entry, window = context }) => {
    return sum + layers * flopsPerCachedToken(cache, entry) * Math.min(context, window);
  }, 0);
  const flops = batch * (2 * used + attention);
  const weightBytes = (read * precision.weightBits) / 8;
  const cacheBytes = cacheBytesOf(model, load, precision);
  const arithmeticSeconds = flops / device.flopsPerSecond;
  const bandwidthSeconds = (weightBytes + cacheBytes) / device.bytesPerSecond;
  const seconds = Math.max(arithmeticSeconds, bandwidthSeconds);
  return {
    flops,
    weightBytes,
    cacheBytes,
    arithmeticSeconds,
    bandwidthSeconds,
    seconds,
    tokensPerSecond: batch / seconds,
    bound: arithmeticSeconds > bandwidthSeconds ? 'arithmetic' : 'bandwidth',
  };
}

/** Beyond these nothing is searched. */
const most = { batch: 2 ** 24, context: 2 ** 40 } as const;

/** Sequences of so many tokens that fit beside the weights; 0 where not one does. */
export function largestBatch(
  model: ServedModel,
  context: number,
  precision: ServingPrecision,
  { memoryBytes }: Pick<ServingDevice, 'memoryBytes'>,
): number {
  const left = memoryBytes - weightBytesOf(model, precision);
  return Math.max(0, Math.floor(left / cacheBytesOf(model, { batch: 1, context }, precision)));
}

/** Tokens of each of `batch` sequences that fit beside the weights; 0 where not one does, undefined where windows end growth. */
export function longestContext(
  model: ServedModel,
  batch: number,
  precision: ServingPrecision,
  { memoryBytes }: Pick<ServingDevice, 'memoryBytes'>,
): number | undefined {
  const left = memoryBytes - weightBytesOf(model, precision);
  const isOver = (context: number) => cacheBytesOf(model, { batch, context }, precision) > left;
  const first = firstWhere(isOver, most.context);
  return first === undefined ? undefined : first - 1;
}

/** The smallest batch that arithmetic holds up, not bandwidth; undefined where reading caches always takes longer. */
export function crossoverBatch(
  model: ServedModel,
  context: number,
  precision: ServingPrecision,
  device: ServingDevice,
): number | undefined {
  // Once it is crossed it stays so: bytes grow ever less than in proportion to the batch, flops in proportion.
  const isArithmetic = (batch: number) =>
    decodeStep(model, { batch, context }, precision, device).bound === 'arithmetic';
  return firstWhere(isArithmetic, most.batch);
}

/** The smallest batch whose caches have more bytes than the weights. */
export function overtakingBatch(model: ServedModel, context: number, precision: ServingPrecision): number {
  const one = cacheBytesOf(model, { batch: 1, context }, precision);
  return Math.floor(weightBytesOf(model, precision) / one) + 1;
}

/** The shortest context at which the caches of `batch` sequences have more bytes than the weights; undefined where windows end growth. */
export function overtakingContext(
  model: ServedModel,
  batch: number,
  precision: ServingPrecision,
): number | undefined {
  const weights = weightBytesOf(model, precision);
  return firstWhere((context) => cacheBytesOf(model, { batch, context }, precision) > weights, most.context);
}

/** The smallest whole number from 1 for which something holds, and for all larger ones; undefined beyond `limit`. */
function firstWhere(holds: (n: number) => boolean, limit: number): number | undefined {
  let high = 1;
  while (!holds(high)) {
    if (high >= limit) return undefined;
    high *= 2;
  }
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** A published architecture as decoding meets it. */
export function servedArchitecture(model: Architecture): ServedModel {
  const { feedForward, width, layers, tiedHead } = model;
  const count = countArchitecture(model);
  const cache = cacheOfArchitecture(model);
  // A tied table is looked up and multiplied by; an untied one only looked up.
  const lookedUp = count.positions + (tiedHead ? 0 : count.embedding);
  if (feedForward.kind === 'dense')
    return { parameters: count.total, denseParameters: count.total - lookedUp, cache };
  const { experts, expertsPerToken, hidden, denseLayers } = feedForward;
  const routed = (layers - denseLayers) * experts * expertParameters(width, hidden);
  return {
    parameters: count.total,
    denseParameters: count.total - lookedUp - routed,
    experts: { parameters: routed, count: experts, perToken: expertsPerToken },
    cache,
  };
}

function requirePossibleServing(
  { batch, context }: ServingLoad,
  { weightBits, cacheBits }: ServingPrecision,
  { bytesPerSecond, flopsPerSecond }: ServingDevice,
): void {
  requirePositive('serving', 'the batch', batch);
  requirePositive('serving', 'the context', context);
  if (!Number.isInteger(batch)) refuseInput(`serving: the batch is no whole number: ${batch}. Round it.`);
  requirePositive('serving', 'the number of bits of a weight', weightBits);
  requirePositive('serving', 'the number of bits of a cached value', cacheBits);
  requirePositive('serving', 'the bandwidth', bytesPerSecond);
  requirePositive('serving', 'the rate of flops', flopsPerSecond);
}

/** What a million tokens cost at a rate. */
export interface TokenPrice {
  readonly kilowattHours: number;
  readonly energyDollars: number;
  /** The price of having the device for that time. */
  readonly deviceDollars: number;
}

/** Energy and money of a million tokens at a rate. @throws an ImpossibleInputError for a rate of zero */
export function priceOfMillionTokens(
  tokensPerSecond: number,
  {
    watts,
    dollarsPerKilowattHour,
    dollarsPerHour,
  }: { readonly watts: number; readonly dollarsPerKilowattHour: number; readonly dollarsPerHour: number },
): TokenPrice {
  requirePositive('serving', 'the number of tokens per second', tokensPerSecond);
  const hours = 1e6 / tokensPerSecond / 3600;
  const kilowattHours = (hours * watts) / 1000;
  return {
    kilowattHours,
    energyDollars: kilowattHours * dollarsPerKilowattHour,
    deviceDollars: hours * dollarsPerHour,
  };
}
