// Hands the runtime its probes: the peaks, and the kernels that training and sampling would choose on this device.

import { optimizerNames } from '../../kernels/optimizer-table.ts';
import { parseExperiment } from '../../model/config.ts';
import { presets } from '../../model/presets/catalogue.ts';
import { plainPresets } from '../../model/presets/starting.ts';
import type { DeviceProfile } from '../../plan/device-profile.ts';
import {
  type Capabilities,
  type Dims,
  type Dispatch,
  familyOf,
  type Kernel,
  workText,
} from '../../plan/kernel.ts';
import type { Plan } from '../../plan/plan.ts';
import { costOf } from '../../plan/predict.ts';
import { calibrate } from '../../runtime/calibrate.ts';
import { calibrateQuickly, isTimed, type Shape } from '../../runtime/calibrate-quickly.ts';
import type { DeviceFacts } from '../../runtime/device.ts';
import { exampleScalars } from '../../runtime/kernel-probe.ts';
import { Pace } from '../../runtime/timing/pace.ts';
import type { Probing } from '../../runtime/timing/probing.ts';
import { type Engine, gpuFacts, type Measurable } from '../plans/engine.ts';
import { allPlans, recordInferencePlans } from '../plans/inference-plans.ts';
import { allKernels, kernelNamed } from '../plans/kernel-catalogue.ts';
import { LabError } from '../plans/problem.ts';
import {
  isOfStep,
  type RecordingOptions,
  recordTrainingPlans,
  type TrainingPlans,
} from '../plans/training-plans.ts';

/** What no preset has: other optimizers, the loss at the end alone, and with each norm shapes smaller than any tile. */
const tinyExperiments = [
  ...optimizerNames.map((kind) => ({ kind, norm: 'layerNorm' })),
  { kind: 'adamw', norm: 'rmsNorm' },
].map(({ kind, norm }) => ({
  model: { layers: 1, width: 16, heads: 2, context: 8, bias: true, dropout: 0.1, norm },
  train: { steps: 1, batch: 4, optimizer: { kind, learningRate: 0.1 }, lossPositions: 'last' },
  data: {},
}));

/** Characters of a typical alphabet: presets leave the vocabulary to the text. */
const typicalVocabulary = 65;

/** Name under which a profile is kept: what can change speed. `host` is the browser or Node version. */
export function profileKey({ facts }: Pick<Measurable, 'facts'>, host: string): string {
  return [...facts, host].join(' · ');
}

/** The same of a GPU. */
export function deviceKey(facts: DeviceFacts, host: string): string {
  return profileKey({ facts: gpuFacts(facts) }, host);
}

/** What calibration asks of an engine. */
export type MeasuredEngine = Pick<Engine, 'kind' | 'capabilities' | 'measurable'>;

/** What is measured of an engine. @throws LabError of the reference loops, which nobody calibrates */
export function measurableOf({ measurable }: Pick<Engine, 'measurable'>): Measurable {
  if (measurable) return measurable;
  throw new LabError({
    kind: 'noAdapter',
    message:
      'Calibration measures a GPU or the threads of the processor, and only its reference loops compute here.',
  });
}

/**
 * Measures what an engine computes on. `host` is the browser or Node version.
 * @param missing measures these kernels only; by default all that matter, and beside them the other variants
 */
export async function calibrateDevice(
  engine: MeasuredEngine,
  host: string,
  onProgress?: (fraction: number, what: string) => void,
  missing?: readonly Kernel[],
): Promise<DeviceProfile> {
  const { kind, capabilities } = engine;
  const wanted = missing ?? calibratedKernels(capabilities);
  const kernels = asTimed(engine, wanted);
  const variants = missing || kind === 'wasm' ? [] : rivalsOf(wanted, capabilities);
  const probes = {
    arithmetic: arithmeticProbes(),
    copy: kernelNamed('copy'),
    kernels,
    variants,
    ...(kind === 'wasm' ? { seconds: processorSeconds } : {}),
  };
  return measuredOf(engine, host, (probing, name) => calibrate(probing, name, probes, onProgress));
}

/** Seconds that calibrating a processor may take: there is no driver that compiles. */
const processorSeconds = 15;
/** The same of a quick one: with it the first point of a curve comes within five seconds. */
const processorQuickSeconds = 2;

/** What a measurement says of an engine, under its name and with what the processor is. */
async function measuredOf(
  engine: MeasuredEngine,
  host: string,
  measure: (probing: Probing, name: string) => Promise<DeviceProfile>,
): Promise<DeviceProfile> {
  const measurable = measurableOf(engine);
  const { processor } = measurable;
  const probing = measurable.openProbing();
  try {
    const profile = await measure(probing, profileKey(measurable, host));
    return processor ? { ...profile, processor } : profile;
  } finally {
    probing.dispose();
  }
}

/**
 * Kernels with the shapes at which they are timed: one WASM function serves a family, and is timed where any variant is. What
 * sampling runs is timed at a shape of sampling too: a token's dispatches are hardly more than their start, which shapes of
 * a training step do not tell.
 */
export function asTimed(
  { kind, capabilities }: Pick<Engine, 'kind' | 'capabilities'>,
  kernels: readonly Kernel[],
): Kernel[] {
  const least = leastSampledShapes(capabilities);
  return kernels.map((kernel) => {
    const timed = kind === 'wasm' ? atShapesOfFamily(kernel, capabilities) : kernel;
    const dims = least.get(kernel.name);
    const [smallest] = timed.calibration;
    if (!dims || !smallest || sizeOf(kernel, dims) * farSmaller > sizeOf(kernel, smallest)) return timed;
    return { ...timed, calibration: [dims, ...timed.calibration] };
  });
}

/** A shape this many times as small as the smallest that is timed is timed too. */
const farSmaller = 4;

/** The smallest shape of every kernel that sampling from the plain presets runs, by the kernel's name. */
function leastSampledShapes(capabilities: Capabilities): Map<string, Dims> {
  const least = new Map<string, Dims>();
  for (const { experiment } of plainPresets) {
    const plans = recordTypical(experiment, { capabilities });
    if (!plans) continue;
    for (const { kernel, dims } of samplingPlans(plans, capabilities).flatMap((plan) => plan.dispatches)) {
      const known = least.get(kernel.name);
      if (!known || sizeOf(kernel, dims) < sizeOf(kernel, known)) least.set(kernel.name, dims);
    }
  }
  return least;
}

function samplingPlans({ model }: TrainingPlans, capabilities: Capabilities): Plan[] {
  const { prefill, decode } = recordInferencePlans(model, { capabilities });
  return [decode, ...prefill.map(({ plan }) => plan)];
}

/** A kernel with those calibration shapes of its family that it may run and that go beyond its own. */
function atShapesOfFamily(kernel: Kernel, capabilities: Capabilities): Kernel {
  const largest = Math.max(...kernel.calibration.map((dims) => sizeOf(kernel, dims)));
  const others = allKernels
    .filter(({ name }) => familyOf(name) === familyOf(kernel.name) && name !== kernel.name)
    .flatMap(({ calibration }) => calibration)
    .filter((dims) => sizeOf(kernel, dims) > largest && (kernel.suits?.(dims, capabilities) ?? true));
  const fresh = new Map(others.map((dims) => [JSON.stringify(dims), dims]));
  const calibration = [...kernel.calibration, ...fresh.values()].sort(
    (a, b) => sizeOf(kernel, a) - sizeOf(kernel, b),
  );
  return { ...kernel, calibration };
}

/** Flops and bytes of a shape, which order the shapes of one kernel. */
function sizeOf(kernel: Kernel, dims: Dims): number {
  const workgroups = kernel.workgroups(dims);
  const dispatch = { kernel, dims, bindings: {}, workgroups, label: '', phase: 'forward' } as const;
  const { launchedFlops, bytes } = costOf(dispatch, exampleScalars);
  return launchedFlops + bytes;
}

/** What a quick calibration may be told besides. */
export interface QuickOptions {
  readonly onProgress?: (fraction: number, what: string) => void;
  /** Figures of an earlier quick calibration, to which these are added. */
  readonly known?: DeviceProfile | undefined;
  /** Seconds that it may take; by default as many as a person waits for. */
  readonly seconds?: number;
}

/** Measures a device within seconds, at the shapes of these plans: training steps first, the shapes with most work first. */
export async function calibrateDeviceQuickly(
  engine: MeasuredEngine,
  host: string,
  plans: readonly Plan[],
  {
    onProgress,
    known,
    seconds = engine.kind === 'wasm' ? processorQuickSeconds : undefined,
  }: QuickOptions = {},
): Promise<DeviceProfile> {
  const others = plans.filter((plan) => !isOfStep(plan));
  // What both run stands where the steps have it, once: a map keeps the place of what comes first.
  const both = new Map([plans.filter(isOfStep), others].flatMap(heaviestShapes));
  const shapes = [...both.values()].filter((shape) => known === undefined || !isTimed(known, shape));
  if (known && shapes.length === 0) return known;
  const arithmetic = [kernelNamed('fmaPeak/vector')];
  const probes = {
    arithmetic,
    copy: kernelNamed('copy'),
    shapes,
    ...(seconds === undefined ? {} : { seconds }),
  };
  return measuredOf(engine, host, (probing, name) =>
    calibrateQuickly(probing, name, probes, onProgress, known),
  );
}

/** The shapes of the kernels of some plans by what tells their work apart, those with most work first. */
function heaviestShapes(plans: readonly Plan[]): [work: string, shape: Shape][] {
  const shapes = new Map<string, { readonly shape: Shape; weight: number }>();
  for (const dispatch of plans.flatMap(({ dispatches }) => dispatches)) {
    const { kernel, dims } = dispatch;
    const key = `${kernel.name} ${workText(dims)}`;
    const known = shapes.get(key) ?? { shape: { kernel, dims }, weight: 0 };
    shapes.set(key, { ...known, weight: known.weight + weightOf(dispatch) });
  }
  return [...shapes].sort(([, a], [, b]) => b.weight - a.weight).map(([work, { shape }]) => [work, shape]);
}

/** Work of a dispatch at the rates of an average device, in bytes that it could move meanwhile. */
export function weightOf(dispatch: Dispatch): number {
  const { launchedFlops, bytes } = costOf(dispatch, exampleScalars);
  return Math.max(launchedFlops / 10, bytes);
}

function arithmeticProbes(): Kernel[] {
  return [kernelNamed('fmaPeak/scalar'), kernelNamed('fmaPeak/vector')];
}

/** The mixture of kernels that tells this device's pace: `paceSeconds` over its seconds is the pace now. */
export function openPace(engine: MeasuredEngine): Promise<Pace> {
  return Pace.open(
    measurableOf(engine).openProbing(),
    asTimed(engine, calibratedKernels(engine.capabilities)),
  );
}

/**
 * The kernels that predictions rest on: those of the plain presets' training steps, the ones that take most of a step
 * first, then what only sampling needs. What else a model needs is measured when it is first predicted.
 */
export function calibratedKernels(capabilities: Capabilities): Kernel[] {
  const recorded = plainPresets.flatMap(
    ({ experiment }) => recordTypical(experiment, { capabilities }) ?? [],
  );
  const training = byWeight(recorded.flatMap(({ accumulate, update }) => [accumulate, update]));
  const sampling = recorded.flatMap((plans) => samplingPlans(plans, capabilities));
  return [...new Set([...training, ...byWeight(sampling)])];
}

/** The other variants of these kernels' families that a device can run, in the order of the kernels. */
export function rivalsOf(kernels: readonly Kernel[], device: Capabilities): Kernel[] {
  const families = [...new Set(kernels.map(({ name }) => familyOf(name)))];
  return families.flatMap((family) =>
    allKernels.filter(
      (kernel) =>
        familyOf(kernel.name) === family &&
        !kernels.includes(kernel) &&
        !device.without?.has(kernel.name) &&
        (kernel.requires ?? []).every((feature) => device.features.has(feature)) &&
        kernel.calibration.every((dims) => kernel.suits?.(dims, device) ?? true),
    ),
  );
}

/** Slowing during a calibration, and its spread, beyond which its figures should not be trusted. */
const steady = { slowing: 1.4, spread: 0.2 } as const;

/** True if the device's clock, or its load, changed while it was calibrated. */
export function isUnsteady({ slowing }: DeviceProfile): boolean {
  return slowing.value > steady.slowing || slowing.spread > steady.spread;
}

/** What to do about it. */
export const unsteadyAdvice =
  'The device’s pace changed while it was measured. Close what else uses it, let it cool, and calibrate again.';

/** Shapes that a full calibration has, of which a cold driver lets fewer be reached in its time. */
export function shapesToMeasure(engine: Pick<Engine, 'kind' | 'capabilities'>): number {
  return asTimed(engine, calibratedKernels(engine.capabilities)).reduce(
    (sum, { calibration }) => sum + calibration.length,
    0,
  );
}

/** Kernels of some plans, those with most work first. */
function byWeight(plans: readonly Plan[]): Kernel[] {
  const weights = new Map<Kernel, number>();
  for (const dispatch of plans.flatMap(({ dispatches }) => dispatches)) {
    weights.set(dispatch.kernel, (weights.get(dispatch.kernel) ?? 0) + weightOf(dispatch));
  }
  return [...weights].sort((a, b) => b[1] - a[1]).map(([kernel]) => kernel);
}

/** The kernels that the presets and tiny experiments with each optimizer would run on such a device, sampling included, each once. */
export function chosenKernels(device: RecordingOptions): Kernel[] {
  const experiments = [...presets.map(({ experiment }) => experiment), ...tinyExperiments];
  return kernelsOf(experiments.flatMap((json) => typicalPlans(json, device)));
}

/** All plans of an experiment in JSON, with the vocabulary of a typical alphabet; none if it is refused. */
export function typicalPlans(json: unknown, device: RecordingOptions): Plan[] {
  const plans = recordTypical(json, device);
  return plans ? allPlans(plans, recordInferencePlans(plans.model, device)) : [];
}

/** The training plans of an experiment in JSON, with such a vocabulary; undefined if it is refused. */
export function recordTypical(json: unknown, device: RecordingOptions): TrainingPlans | undefined {
  const parsed = parseExperiment(json);
  if (parsed.kind !== 'ok') return undefined;
  const { model, train } = parsed.experiment;
  const config = { ...model, vocabulary: model.vocabulary || typicalVocabulary };
  return recordTrainingPlans(config, train, device);
}

/** Kernels of some plans, each once. */
export function kernelsOf(plans: readonly Plan[]): Kernel[] {
  return [...new Set(plans.flatMap(({ dispatches }) => dispatches.map(({ kernel }) => kernel)))];
}

/** Kernels of these plans of which a profile knows nothing yet, each once. */
export function missingKernels(plans: readonly Plan[], profile: DeviceProfile | undefined): Kernel[] {
  return kernelsOf(plans).filter(({ name }) => !profile || !(name in profile.kernels));
}
