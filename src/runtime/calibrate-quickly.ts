// Measures a device within seconds, for one piece of work: its peaks, and the shapes that most of the work's time goes to.
//
// What a full calibration does for every kernel that may come, this does for what comes next: each shape as it will run,
// with the pipeline that will run it. What the time does not reach is predicted by the others (efficiency.ts).
import { type DeviceProfile, type EfficiencyPoint, profileVersion } from '../plan/device-profile.ts';
import { type Dims, type Kernel, workText } from '../plan/kernel.ts';
import { pointsByKernel, timedShapes } from './calibrate.ts';
import { combineMixing, measureMixing } from './timing/mixing.ts';
import { measureCopies, measurePeak, measureSubmits } from './timing/peaks.ts';
import type { Probing, ShapeProbe } from './timing/probing.ts';
import { fewestRounds, measureInRounds, type PaceProbe } from './timing/slope.ts';

/** A kernel at the dims of a dispatch. */
export interface Shape {
  readonly kernel: Kernel;
  readonly dims: Dims;
}

/** What a quick calibration runs; it knows no kernel by name. */
export interface QuickProbes {
  /** Pure arithmetic: one form, which most devices run at full rate. */
  readonly arithmetic: readonly Kernel[];
  readonly copy: Kernel;
  /** The shapes of the work, those first that most of its time should go to. */
  readonly shapes: readonly Shape[];
  /** Seconds that it may take; where nothing is compiled, fewer do. */
  readonly seconds?: number;
}

/**
 * Seconds that it may take on a device that is quick to compile, the part of them after which nothing more is compiled, and
 * the part that peaks take off: where they are held up, the shapes still have their time.
 */
const budget = { seconds: 4.5, compiling: 0.6, peaks: 0.3 } as const;
const rounds = 5;
/** Passes that timing a shape takes at least, and the seconds of the shortest. */
const expectedPasses = 8;
const shortestPass = 0.002;

/** Takes nothing off: the median of what was timed counts, at the pace that the device has now. */
const paceAsItIs: PaceProbe = { seconds: async () => 1, launchSeconds: 0 };

/**
 * Runs the calibration. `onProgress` gets a fraction and what is measured.
 * @param known an earlier quick calibration: its peaks are taken, and its shapes kept
 */
export async function calibrateQuickly(
  probing: Probing,
  name: string,
  probes: QuickProbes,
  onProgress: (fraction: number, what: string) => void = () => undefined,
  known?: DeviceProfile,
): Promise<DeviceProfile> {
  let start = performance.now();
  const seconds = probes.seconds ?? budget.seconds;
  const share = () => (performance.now() - start) / 1000 / seconds;
  onProgress(0, 'peaks');
  const peaks = known ?? (await measurePeaks(probing, probes));
  start = Math.max(start, performance.now() - 1000 * budget.peaks * seconds);
  const shapes: ShapeProbe[] = [];
  let timing = 0; // of what is ready, as a share of the whole
  for (const shape of probes.shapes) {
    if (shapes.length > 0 && (share() > budget.compiling || share() + timing > 1)) break;
    onProgress(Math.min(0.6, share()), shape.kernel.name);
    const probe = await probing.prepare(shape.kernel, shape.dims);
    const once = expectedPasses * Math.max(shortestPass, await probe.time(1));
    // One that would take the rest of the time leaves it to others; the first is wanted whatever it costs.
    if (shapes.length > 0 && share() + timing + once / seconds > 1) continue;
    timing += once / seconds;
    shapes.push(probe);
  }
  const { measured, paceSeconds, slowing, passSeconds } = await measureInRounds(
    shapes.map(({ time }) => time),
    {
      rounds,
      budgetSeconds: seconds * Math.max(0, 0.9 - share()),
      onRound: (round) => onProgress(0.6 + (0.3 * round) / rounds, 'kernels of this experiment'),
    },
    paceAsItIs,
  );
  const timed = timedShapes(
    shapes.flatMap((shape, index) => {
      const found = measured[index];
      return found ? [{ ...shape, seconds: found }] : [];
    }),
  );
  onProgress(0.9, 'kernels among others');
  const mixing = await measureMixing(probing, timed, {
    ...paceAsItIs,
    bestSeconds: 1,
    launchSeconds: peaks.launchSeconds.value,
    passSeconds,
  });
  const profile: DeviceProfile = {
    version: profileVersion,
    isQuick: true,
    device: name,
    fmaFlopsPerSecond: peaks.fmaFlopsPerSecond,
    paceSeconds,
    slowing,
    ...(known ? combineMixing(known, mixing, timed) : mixing),
    copyBytesPerSecond: peaks.copyBytesPerSecond,
    launchSeconds: peaks.launchSeconds,
    submitSeconds: peaks.submitSeconds,
    queueSeconds: peaks.queueSeconds,
    kernels: merged(known?.kernels ?? {}, pointsByKernel(shapes, measured)),
    timer: probing.method,
  };
  onProgress(1, 'done');
  return profile;
}

/** Whether a profile has this very shape. */
export function isTimed({ kernels }: DeviceProfile, { kernel, dims }: Shape): boolean {
  return (kernels[kernel.name] ?? []).some(({ shape }) => shape === workText(dims));
}

async function measurePeaks(probing: Probing, { arithmetic, copy }: QuickProbes) {
  const { fma } = await measurePeak(probing, arithmetic, () => undefined, fewestRounds);
  const { copies, launchSeconds } = await measureCopies(probing, copy, fewestRounds);
  return {
    fmaFlopsPerSecond: fma,
    copyBytesPerSecond: copies,
    launchSeconds,
    ...(await measureSubmits(probing)),
  };
}

type Points = Readonly<Record<string, readonly EfficiencyPoint[]>>;

function merged(before: Points, now: Points): Points {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return Object.fromEntries(
    [...names].map((name) => [name, [...(before[name] ?? []), ...(now[name] ?? [])]]),
  );
}
