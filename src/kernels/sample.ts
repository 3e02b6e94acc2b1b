// Draws the next token of each sequence on the GPU and advances the decoding state, so that many tokens fit in one submission.
import source from '../../shaders/sample.wgsl?raw';
import reductions from '../../shaders/sample-reductions.wgsl?raw';
import { defineKernel, type NumberArray, type Scalars } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, type Tensor } from '../plan/tensor.ts';
import { cornerSumsSource } from './corner-sums.ts';
import { prologue, randomWords } from './prologue.ts';
import { slotNumbers, slotsOf } from './slots.ts';

/** WGSL of `workgroupSum` and `workgroupArgmax`, which take the constant `threadLevels`. */
export const reductionsSource = cornerSumsSource + reductions;

/** Vocabularies up to this size get 64 invocations, larger ones 256, or 128 where a workgroup has no more. */
const smallVocabulary = 1024;

/**
 * Ids that may be drawn: the topK largest logits (0: all), of those the most likely whose mass reaches topP
 * of theirs. Logits equal to the last one that is kept are kept too.
 */
export function keptTokens(
  logits: NumberArray,
  columns: number,
  { temperature, topK, topP }: Pick<DrawSettings, 'temperature' | 'topK' | 'topP'>,
): number[] {
  const isCut = (topK > 0 && topK < columns) || topP < 1;
  const ids = Array.from({ length: columns }, (_, id) => id);
  if (!isCut) return ids;
  const order = ids.sort((a, b) => logits[b] - logits[a] || a - b);
  const untilTied = (count: number) => {
    const last = logits[order[count - 1] ?? 0];
    return order.filter((id) => logits[id] >= last);
  };
  const first = topK > 0 && topK < columns ? untilTied(topK) : order;
  if (topP >= 1) return first;
  const largest = logits[order[0] ?? 0];
  const massOf = (id: number) => Math.exp((logits[id] - largest) / temperature);
  const wanted = topP * first.reduce((sum, id) => sum + massOf(id), 0);
  let mass = 0;
  const count = first.findIndex((id) => {
    mass += massOf(id);
    return mass >= wanted;
  });
  return count < 0 ? first : untilTied(count + 1);
}

/** −log(−log of a uniform) from 32 random bits. */
function gumbel(word: number): number {
  const u = (Math.fround(word) + 0.5) / 2 ** 32;
  return -Math.log(-Math.log1p(-Math.min(u, 1 - 1e-10)));
}

/** Passes over the logits: largest, cuts by bisection, draw. As the step scalars say; all logits of one draw unless they do. */
function passes({ temperature, topK, topP }: Scalars): number {
  if (temperature === 0) return 1;
  return 2 + (topK > 0 ? 20 : 0) + (topP < 1 ? 31 : 0);
}

/** Stands in the output where a logit was not finite. */
export const noToken = 0xffff_ffff;

/** How a slot draws. */
export interface DrawSettings {
  /** The counter at which the slot stops; 0 is a slot that does nothing. */
  readonly end: number;
  /** Of the text’s own random numbers. */
  readonly seed: number;
  /** 0: all. */
  readonly topK: number;
  /** Ids below it may be drawn; 0: all. */
  readonly drawable: number;
  /** 0: the most likely token. */
  readonly temperature: number;
  /** 1: all. */
  readonly topP: number;
}

/** Numbers of a slot's settings. */
export const settingNumbers = 6;

/** Settings as the kernel reads them. Counts have 32 bits: any that is larger than a vocabulary can be keeps all. */
export function packSettings({ end, seed, topK, drawable, temperature, topP }: DrawSettings): number[] {
  const [temperatureBits = 0, topPBits = 0] = new Uint32Array(Float32Array.of(temperature, topP).buffer);
  const count = (value: number) => Math.min(value, 0xffff_ffff);
  return [count(end), seed >>> 0, count(topK), count(drawable), temperatureBits, topPBits];
}

function unpackSettings(settings: NumberArray, slot: number): DrawSettings {
  const at = slot * settingNumbers;
  const [end = 0, seed = 0, topK = 0, drawable = 0, ...bits] = settings.subarray(at, at + settingNumbers);
  const [temperature = 0, topP = 1] = new Float32Array(Uint32Array.from(bits).buffer);
  return { end, seed, topK, drawable, temperature, topP };
}

/** Settings of self-test and calibration: slots draw by all cuts, the calibrated first one from all of the softmax. */
const probeSettings = [
  { end: 99, seed: 99, topK: 0, drawable: 0, temperature: 0.8, topP: 1 },
  { end: 99, seed: 3, topK: 5, drawable: 0, temperature: 0.8, topP: 0.9 },
  { end: 99, seed: 4, topK: 0, drawable: 40, temperature: 0, topP: 1 },
].map(packSettings);

/**
 * state [slots, (position, token, counter, produced)] → token drawn, the others one further; output[slot, produced] = token.
 */
export const sampleKernel = defineKernel({
  name: 'sample',
  role: 'sampling',
  arithmetic: 'sampling',
  source: prologue + reductionsSource + source,
  entryPoint: 'main',
  dims: ['rows', 'slots', 'columns', 'capacity'],
  reads: ['logits', 'settings'],
  writes: ['state', 'output'],
  constants: ({ columns }) => ({ threadLevels: columns <= smallVocabulary ? 6 : 8 }),
  suits: ({ columns }, device) => columns <= smallVocabulary || device.maxInvocationsPerWorkgroup >= 256,
  tensors: ({ rows, slots, columns, capacity }) => ({
    logits: { shape: [rows, columns] },
    settings: {
      shape: [slots, settingNumbers],
      elementType: 'u32',
      fill: (_, index) =>
        probeSettings[Math.floor(index / settingNumbers) % probeSettings.length]?.[index % settingNumbers] ??
        0,
    },
    state: {
      shape: [slots, slotNumbers],
      elementType: 'u32',
      fill: (_, index) => (index % slotNumbers === 3 ? capacity - 1 : 7 + index),
    },
    output: { shape: [slots, capacity], elementType: 'u32', fill: () => 0 },
  }),
  probeScalars: () => ({ slot: 0, temperature: 0.8, topK: 0, topP: 1 }),
  selfTest: [
    { rows: 3, slots: 3, columns: 65, capacity: 3 },
    { rows: 1, slots: 2, columns: 1500, capacity: 1 },
  ],
  calibration: [65, 1024, 50_257].map((columns) => ({ rows: 1, slots: 1, columns, capacity: 16 })),
  // a workgroup a text: its choice needs all logits
  workgroups: ({ rows }) => rows,
  usefulFlops: ({ rows, columns }) => 4 * rows * columns, // scale, noise, sum, compare
  launchedFlops: ({ rows, columns }, scalars) => 4 * rows * columns * passes(scalars),
  bytes: ({ rows, columns }, scalars) => 4 * rows * columns * passes(scalars),
  reference({ logits, settings, state, output }, { rows, slots, columns, capacity }, scalars) {
    const firstSlot = Math.min(scalars.slot ?? 0, slots - rows);
    for (let row = 0; row < rows; row++) {
      const slot = firstSlot + row;
      const draw = unpackSettings(settings, slot);
      const own = logits.subarray(row * columns, (row + 1) * columns);
      const [position, , counter, produced] = state.subarray(slot * slotNumbers, (slot + 1) * slotNumbers);
      if (counter >= draw.end) continue;
      const isSound = own.subarray(0, idsOf(draw, columns)).every(Number.isFinite);
      const token = isSound ? drawToken(own, draw, counter) : noToken;
      if (produced < capacity) output[slot * capacity + produced] = token;
      const next = isSound
        ? [position + 1, token, counter + 1]
        : [position, state[slot * slotNumbers + 1], draw.end];
      state.set([...next, produced + 1], slot * slotNumbers);
    }
  },
});

/** The same for devices of 128 invocations a workgroup. */
export const sampleNarrow: typeof sampleKernel = defineKernel({
  ...sampleKernel,
  name: 'sample/128',
  constants: ({ columns }) => ({ threadLevels: columns <= smallVocabulary ? 6 : 7 }),
  suits: () => true,
});

function idsOf({ drawable }: DrawSettings, columns: number): number {
  return drawable > 0 ? Math.min(drawable, columns) : columns;
}

function drawToken(logits: NumberArray, draw: DrawSettings, counter: number): number {
  const ids = idsOf(draw, logits.length);
  let token = 0;
  for (let id = 1; id < ids; id++) if (logits[id] > logits[token]) token = id;
  if (draw.temperature === 0) return token;
  let best = Number.NEGATIVE_INFINITY;
  for (const id of keptTokens(logits, ids, draw).sort((a, b) => a - b)) {
    const value = logits[id] / draw.temperature + gumbel(randomWords(draw.seed, counter, id, 0)[0]);
    if (value > best) [best, token] = [value, id];
  }
  return token;
}

/** Tensors of a draw. */
export interface SampleTensors {
  /** [rows, V], of the tokens at the slots' positions. */
  readonly logits: Tensor;
  /** u32 [slots, 6], from `packSettings`. */
  readonly settings: Tensor;
  /** u32 [slots, 4]: position, token, counter, produced; afterwards position and token are those of the drawn token. */
  readonly state: Tensor;
  /** u32 [slots, capacity]: a slot's token goes to element `produced`, unless that lies past the end. */
  readonly output: Tensor;
}

/**
 * Records one draw a row. Row r of the logits belongs to slot r + `slot`, a step scalar; each draws by its own settings, until
 * its counter is at its end. Costs take temperature, topK and topP as scalars, which the kernel does not read.
 * @throws where the tensors are of other slots
 */
export function sample(tape: Tape, { logits, settings, state, output }: SampleTensors): void {
  const [rows = 1, columns = 1] = logits.shape;
  const slots = slotsOf(state);
  if (logits.shape.length !== 2 || rows > slots || output.shape[0] !== slots || settings.shape[0] !== slots) {
    throw new Error(
      `sample: ${describeTensor(logits)} does not fit ${slots} slots with ${describeTensor(settings)} and ` +
        `${describeTensor(output)}. Pass a row a slot.`,
    );
  }
  const dims = { rows, slots, columns, capacity: output.shape[1] ?? 1 };
  tape.dispatch(tape.choose([sampleKernel, sampleNarrow], dims), dims, { logits, settings, state, output });
}
