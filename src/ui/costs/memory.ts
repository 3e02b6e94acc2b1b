// Whether training a model fits into the device at hand, in words: by what the device reports and what the reader knows.

import type { DeviceInfo } from '../../contract/device.ts';
import type { Prediction } from '../../contract/runs.ts';
import { type TrainingMemory, trainingMemory } from '../../theory/training-memory.ts';
import { type CostsInputs, type CostsStart, findStart, formatStored } from './inputs.ts';

/** What a device says of its memory: WebGPU states limits of single buffers, never the whole. Bytes. */
export interface ReportedMemory {
  readonly largestBinding: number;
  readonly largestBuffer: number;
}

/** Bytes of training, and where they come from. */
export interface NeededMemory extends Omit<TrainingMemory, 'largestMatrix'> {
  /** Caches, tokens and state of a plan; 0 by the rule. */
  readonly other: number;
  /** Undefined for a plan: what it binds was checked when it was recorded. */
  readonly largestMatrix?: TrainingMemory['largestMatrix'];
}

/** An answer: whether it fits, in a sentence or two. */
export interface MemoryVerdict {
  readonly fits: 'yes' | 'probably' | 'unknown' | 'no';
  readonly text: string;
}

/** The limits that the device panel shows; undefined where there is no GPU. */
export function reportedMemory(device: DeviceInfo | undefined): ReportedMemory | undefined {
  const limit = (wanted: string) => device?.limits.find(({ name }) => name === wanted)?.value;
  const [buffer, binding] = [limit('maxBufferSize'), limit('maxStorageBufferBindingSize')];
  if (buffer === undefined || binding === undefined) return undefined;
  return { largestBuffer: buffer, largestBinding: Math.min(buffer, binding) };
}

/** What training takes: the plans' own sum for the Train room's experiment, else the rule. */
export function neededMemory(
  { model, startId }: CostsInputs,
  tokens: number,
  planned: Prediction['memoryBytes'] | undefined,
): NeededMemory {
  if (planned) return planned;
  return { ...trainingMemory(findStart(startId)?.architecture ?? model, tokens), other: 0 };
}

/** The bytes of the experiment's plans while the room shows it as it is, with its own batch. */
export function plannedMemory(
  { startId }: CostsInputs,
  own: CostsStart | undefined,
  prediction: Prediction | undefined,
): Prediction['memoryBytes'] | undefined {
  return own !== undefined && startId === own.id ? prediction?.memoryBytes : undefined;
}

/** @param memory bytes of the device, where the reader gave them */
export function memoryVerdict(
  needed: NeededMemory,
  reported: ReportedMemory | undefined,
  memory: number | undefined,
): MemoryVerdict {
  const total = formatStored(needed.total, 1);
  const { largestMatrix } = needed;
  if (reported && largestMatrix && largestMatrix.bytes > reported.largestBinding) {
    const text =
      `It does not fit: its largest ${largestMatrix.name} takes ${formatStored(largestMatrix.bytes, 1)}, and this ` +
      `device binds at most ${formatStored(reported.largestBinding, 1)} at once, however much memory it has.`;
    return { fits: 'no', text };
  }
  if (memory !== undefined) return verdictOf(needed, memory);
  if (!reported) {
    const text = `It takes ${total}. There is no GPU here to ask: give the memory of the one you mean.`;
    return { fits: 'unknown', text };
  }
  const buffer = formatStored(reported.largestBuffer, 1);
  if (needed.total <= reported.largestBuffer) {
    const text = `It probably fits: all of it takes ${total}, and this device offers ${buffer} in a single buffer.`;
    return { fits: 'probably', text };
  }
  const text =
    `It may fit: every part can be bound, but all of it takes ${total}, and WebGPU does not say how much memory ` +
    `there is, only that one buffer may have ${buffer}. Give the device’s memory below.`;
  return { fits: 'unknown', text };
}

function verdictOf({ total, activations, other }: NeededMemory, memory: number): MemoryVerdict {
  const [all, room] = [formatStored(total, 1), formatStored(memory, 1)];
  if (total <= memory) {
    const text =
      total > 0.9 * memory
        ? `It fits barely: ${all} of ${room}, and the screen and other programs want some of it too.`
        : `It fits: ${all} of ${room}.`;
    return { fits: total > 0.9 * memory ? 'probably' : 'yes', text };
  }
  const fixed = total - activations - other;
  const advice =
    fixed > memory
      ? `Weights, gradients and moments alone take ${formatStored(fixed, 1)}: choose a smaller model.`
      : `Weights, gradients and moments would fit with ${formatStored(fixed, 1)}: take fewer tokens at a time.`;
  return { fits: 'no', text: `It does not fit: ${all}, and there are ${room}. ${advice}` };
}
