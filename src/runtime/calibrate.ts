// Measures a device: arithmetic peak, bandwidth by size, launch cost, and every given kernel at a few shapes.

import {
  type DeviceProfile,
  type EfficiencyPoint,
  type Measurement,
  profileVersion,
} from '../plan/device-profile.ts';
import { type Dims, type Kernel, workText } from '../plan/kernel.ts';
import { costOf } from '../plan/predict.ts';
import { measureMixing, type TimedShape } from './timing/mixing.ts';
import { preparePace } from './timing/pace.ts';
import { measureCopies, measurePeak, measureSubmits } from './timing/peaks.ts';
import { type Probing, probeScalarsOf, type ShapeProbe } from './timing/probing.ts';
import { confirmRivals } from './timing/rivals.ts';
import { measureInRounds, summarize, type TimePass } from './timing/slope.ts';

/** The kernels that calibration runs; it knows none by name. */
export interface CalibrationProbes {
  /** Pure arithmetic, in the forms that devices may prefer: the fastest counts. */
  readonly arithmetic: readonly Kernel[];
  /** Pure copying at its `calibration` sizes; the smallest also measures a launch. */
  readonly copy: Kernel;
  /** Every kernel whose efficiency is wanted. */
  readonly kernels: readonly Kernel[];
  /** Other variants of their families, timed in the same rounds where they agree with their references. */
  readonly variants?: readonly Kernel[];
  /** Seconds that it may take; by default as the peak says how long a driver may need to compile. */
  readonly seconds?: number;
}

/** Runs the calibration. `onProgress` gets a fraction and what is measured. */
export async function calibrate(
  probing: Probing,
  name: string,
  probes: CalibrationProbes,
  onProgress: (fraction: number, what: string) => void = () => undefined,
): Promise<DeviceProfile> {
  const start = performance.now();
  // The peak first: how long the rest may take depends on how slow the device is.
  const peak = await measurePeak(probing, probes.arithmetic, onProgress);
  onProgress(0.03, probes.copy.name);
  const { copies, launchSeconds } = await measureCopies(probing, probes.copy);
  const seconds = probes.seconds ?? calibrationSeconds(peak.fma.value);
  const elapsed = () => (performance.now() - start) / 1000;

  // Everything is compiled before anything is measured: a driver that has just compiled goes on working (it writes
  // its cache), and what was measured beside that came out up to 2.5 times too slow.
  const subjects: ShapeProbe[] = [];
  for (const { kernel, dims } of measuringOrder(probes.kernels)) {
    if (subjects.length > 0 && elapsed() > compilingShare * seconds) break;
    onProgress(0.05 + 0.6 * Math.min(1, elapsed() / (compilingShare * seconds)), `${kernel.name}, compiling`);
    subjects.push(await probing.prepare(kernel, dims));
  }

  // After the kernels that the plans choose: what is not chosen today is measured with what time is left.
  const variants = await prepareVariants(probing, probes.variants ?? [], (name) =>
    onProgress(0.65, `${name}, as another variant`),
  );
  const paced = await preparePace(probing, probes.kernels);
  onProgress(0.65, 'waiting for the driver to come to rest');
  await waitForRest(peak.time, peak.seconds);
  const pace = { seconds: paced, launchSeconds: launchSeconds.value };
  const all = [...subjects, ...variants];
  // In rounds, not one after another: a device that slows down as it warms slows all of them alike.
  const { measured, paceSeconds, slowing } = await measureInRounds(
    all.map((subject) => subject.time),
    {
      rounds: mostRounds,
      budgetSeconds: seconds + (variants.length > 0 ? tuningSeconds : 0) - elapsed(),
      onRound: (round, rounds) =>
        onProgress(0.65 + (0.35 * round) / rounds, `round ${round + 1} of all kernels`),
    },
    pace,
  );
  const withSeconds = all.flatMap((subject, index) => {
    const taken = measured[index];
    return taken ? [{ ...subject, seconds: taken }] : [];
  });
  const [builtIn, others] = [withSeconds.slice(0, subjects.length), withSeconds.slice(subjects.length)];
  // A variant that seems quicker by chance would be chosen for good: near ones are measured in turns once
  // more.
  const confirmed = await confirmRivals(builtIn, others, confirmingSeconds);
  const timed = timedShapes(builtIn);
  const conditions = { ...pace, bestSeconds: paceSeconds.value };
  const profile: DeviceProfile = {
    version: profileVersion,
    device: name,
    fmaFlopsPerSecond: peak.fma,
    paceSeconds,
    slowing,
    ...(await measureMixing(probing, timed, conditions)),
    copyBytesPerSecond: copies,
    launchSeconds,
    ...(await measureSubmits(probing)),
    kernels: pointsByKernel(all, [...builtIn.map((shape) => shape.seconds), ...confirmed]),
    variants: [...new Set(variants.map(({ kernel }) => kernel.name))],
    timer: probing.method,
  };
  onProgress(1, 'done');
  return profile;
}

/** Part of a calibration's time after which no further shape is compiled. */
const compilingShare = 0.7;
const mostRounds = 9;

/** Seconds for other variants: to compile, to check and to prepare them. And their longest pass: beyond, they are no rivals. */
const tuningSeconds = 5;
const longestVariant = 0.1;
/** Seconds for timing variants that seem quicker beside what they would stand for, after which no further one is timed so. */
const confirmingSeconds = 4;

/** Makes other variants ready, as many as the time allows, of which each agreed with its reference here. */
async function prepareVariants(
  probing: Probing,
  kernels: readonly Kernel[],
  onVariant: (name: string) => void,
): Promise<ShapeProbe[]> {
  const start = performance.now();
  const agreed = new Map<Kernel, boolean>();
  const ready: ShapeProbe[] = [];
  for (const { kernel, dims } of measuringOrder(kernels)) {
    if (performance.now() - start > 1000 * tuningSeconds) break;
    onVariant(kernel.name);
    const [first] = kernel.selfTest;
    // Fast and wrong is no variant: what does not agree with its reference here is not timed.
    if (!agreed.has(kernel) && first) agreed.set(kernel, await probing.agrees(kernel, first));
    if (!agreed.get(kernel)) continue;
    const probe = await probing.prepare(kernel, dims);
    // A variant for wide devices can take seconds on a software adapter, of time that others need.
    if ((await probe.time(1)) <= longestVariant) ready.push(probe);
  }
  return ready;
}

/** Longest wait for a driver that goes on working after it compiled, in seconds, and how near to the peak is at rest. */
const rest = { seconds: 4, share: 0.85, pause: 0.2 } as const;

/** Waits until arithmetic goes nearly as fast as at its best: drivers compress and store what they compiled. */
async function waitForRest(time: TimePass, bestSeconds: number): Promise<void> {
  const end = performance.now() + 1000 * rest.seconds;
  while (performance.now() < end) {
    const passes: number[] = [];
    for (let i = 0; i < 9; i++) passes.push(await time(1));
    if (bestSeconds >= rest.share * summarize(passes).value) return;
    await new Promise((resolve) => setTimeout(resolve, 1000 * rest.pause));
  }
}

/** The timed shapes by the name of their kernel, the small ones first. */
export function pointsByKernel(subjects: readonly ShapeProbe[], measured: readonly Measurement[]) {
  const kernels: Record<string, EfficiencyPoint[]> = {};
  for (const [index, { kernel, dims }] of subjects.entries()) {
    const seconds = measured[index];
    if (seconds) kernels[kernel.name] = [...(kernels[kernel.name] ?? []), pointOf(kernel, dims, seconds)];
  }
  const size = ({ launchedFlops, bytes }: EfficiencyPoint) => launchedFlops + bytes;
  // Small to large, as the fit of start and slowdown reads them.
  for (const points of Object.values(kernels)) points.sort((a, b) => size(a) - size(b));
  return kernels;
}

/** Shapes as mixtures of them are made. */
export function timedShapes(
  shapes: readonly (ShapeProbe & { readonly seconds: Measurement })[],
): TimedShape[] {
  return shapes.map(({ plan, seconds }) => ({ plan, seconds: seconds.value }));
}

function pointOf(kernel: Kernel, dims: Dims, seconds: Measurement): EfficiencyPoint {
  const dispatch = { kernel, dims, bindings: {}, workgroups: 1, label: '', phase: 'forward' } as const;
  const { launchedFlops, bytes } = costOf(dispatch, probeScalarsOf(kernel, dims));
  return { shape: workText(dims), launchedFlops, bytes, workgroups: kernel.workgroups(dims), seconds };
}

/**
 * Shapes in the order of their worth, for a driver that compiles a kernel for every shape, the first time, may not reach
 * all: kernels come from the lab with those first that matter most; of each the middle shape says most, then the
 * smallest, for a start that is not told is multiplied by all dispatches of a token, then the largest, then any others. The
 * further shapes of a kernel that matters go before the first of one that hardly does.
 */
function measuringOrder(kernels: readonly Kernel[]): { readonly kernel: Kernel; readonly dims: Dims }[] {
  const ranked = kernels.flatMap((kernel, index) => {
    const { calibration } = kernel;
    const indices = [calibration.length >> 1, 0, calibration.length - 1, ...calibration.keys()];
    return [...new Set(indices)].flatMap((at, round) => {
      const dims = calibration[at];
      return dims ? [{ kernel, dims, rank: index + furtherShapes * round }] : [];
    });
  });
  return ranked.sort((a, b) => a.rank - b.rank);
}

/** By how many kernels each further shape of one stands back. */
const furtherShapes = 10;

/** Seconds that a calibration may take; a device this slow needs longer for the same work. */
function calibrationSeconds(flopsPerSecond: number): number {
  return flopsPerSecond < 40e9 ? 50 : 18;
}
