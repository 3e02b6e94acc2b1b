// What a device can do at most, and what it takes to ask it: arithmetic, bandwidth by size, a launch, a submission.
import type { Measurement } from '../../plan/device-profile.ts';
import type { Kernel } from '../../plan/kernel.ts';
import type { Probing } from './probing.ts';
import { measureSlope, summarize, type TimePass } from './slope.ts';

/** The fastest arithmetic: its rate, the pass that reached it, and the seconds of that pass at its best. */
export interface Peak {
  readonly fma: Measurement;
  readonly time: TimePass;
  readonly seconds: number;
}

/** The fastest of these arithmetic probes. @param rounds of each at most */
export async function measurePeak(
  probing: Probing,
  kernels: readonly Kernel[],
  onProgress: (fraction: number, what: string) => void,
  rounds = peakRounds,
): Promise<Peak> {
  let best: Peak | undefined;
  for (const [index, kernel] of kernels.entries()) {
    onProgress(0.02 * (index / kernels.length), kernel.name);
    const dims = kernel.calibration[0] ?? {};
    const { time } = await probing.prepare(kernel, dims);
    const seconds = await measureSlope(time, { rounds, budgetSeconds: 0.3 });
    const fma = rateOf(kernel.usefulFlops(dims, {}), seconds);
    if (best === undefined || fma.value > best.fma.value) best = { fma, time, seconds: seconds.value };
  }
  if (best === undefined) throw new Error('calibrate: no arithmetic probe was given. Pass at least one.');
  return best;
}

const peakRounds = 12;
const launchRounds = 7;

/** Bandwidth by size, and what the smallest copy takes: a launch. @param rounds of each size at most */
export async function measureCopies(probing: Probing, copy: Kernel, rounds = peakRounds) {
  const [smallest, ...sizes] = copy.calibration;
  const launchSeconds = await measureSlope((await probing.prepare(copy, smallest ?? {})).time, {
    rounds: Math.min(rounds, launchRounds),
  });
  const copies: { bytes: number; rate: Measurement }[] = [];
  for (const dims of sizes) {
    const bytes = copy.bytes(dims, {});
    const { time } = await probing.prepare(copy, dims);
    const seconds = await measureSlope(time, { rounds, budgetSeconds: 0.15 });
    copies.push({ bytes, rate: rateOf(bytes, subtract(seconds, launchSeconds.value)) });
  }
  return { copies, launchSeconds };
}

/** Seconds of a submission that is waited for, with a readback, and of each further one that is not. */
export async function measureSubmits(probing: Probing) {
  const time: TimePass = (submissions) => probing.submissionSeconds(submissions);
  const alone: number[] = [];
  for (let i = 0; i < 12; i++) alone.push(await time(1));
  const queueSeconds = await measureSlope(time, { maximumRepeats: 64 });
  return { submitSeconds: summarize(alone.slice(3)), queueSeconds };
}

function rateOf(amount: number, seconds: Measurement): Measurement {
  return { ...seconds, value: amount / Math.max(seconds.value, 1e-9) };
}

function subtract(seconds: Measurement, fixed: number): Measurement {
  return { ...seconds, value: Math.max(seconds.value - fixed, seconds.value / 10) };
}
