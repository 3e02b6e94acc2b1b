// Calibrated device profiles as files: given by the user, or kept in the user's cache for each device and driver.
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { issueText } from '../data/issue-text.ts';
import { sha256Hex } from '../data/sha256.ts';
import { calibrateDevice, missingKernels, profileKey } from '../lab/cost/calibration.ts';
import type { Engine } from '../lab/plans/engine.ts';
import { allKernels } from '../lab/plans/kernel-catalogue.ts';
import { parseJson } from '../lab/training/model-files.ts';
import { type DeviceProfile, profileVersion } from '../plan/device-profile.ts';
import type { Capabilities, Kernel } from '../plan/kernel.ts';
import type { Plan } from '../plan/plan.ts';
import { refuse } from './failure.ts';
import { readIfPresent, readJsonFile, writeFiles } from './files.ts';
import type { Output } from './output.ts';

/** A profile with what recording must know of its device, so that plans can be predicted where the device is not. */
export interface KeptProfile {
  readonly profile: DeviceProfile;
  readonly capabilities: Capabilities;
}

const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const amount = v.pipe(v.number(), v.finite(), v.minValue(0));
const spread = amount;
const measurement = v.object({ value: positive, spread, repeats: count });
const duration = v.object({ value: amount, spread, repeats: count });
const profileSchema = v.object({
  version: v.literal(profileVersion),
  device: v.string(),
  processor: v.exactOptional(v.object({ threads: positive, simd: v.picklist(['relaxed', 'plain']) })),
  fmaFlopsPerSecond: measurement,
  paceSeconds: measurement,
  slowing: measurement,
  switchSeconds: duration,
  mixing: measurement,
  copyBytesPerSecond: v.pipe(v.array(v.object({ bytes: positive, rate: measurement })), v.minLength(1)),
  launchSeconds: duration,
  submitSeconds: duration,
  queueSeconds: duration,
  kernels: v.record(
    v.string(),
    v.array(
      v.object({
        shape: v.string(),
        launchedFlops: amount,
        bytes: amount,
        workgroups: positive,
        seconds: duration,
      }),
    ),
  ),
  variants: v.exactOptional(v.array(v.string())),
  timer: v.string(),
  capabilities: v.object({
    features: v.array(v.string()),
    subgroupMinSize: positive,
    subgroupMaxSize: positive,
    maxBindingBytes: positive,
    maxBufferBytes: positive,
    maxWorkgroupStorageBytes: amount, // threads of the processor have none
    maxInvocationsPerWorkgroup: positive,
  }),
});

/** The JSON of a profile. */
export function profileToJson({ profile, capabilities }: KeptProfile) {
  return { ...profile, capabilities: { ...capabilities, features: [...capabilities.features].sort() } };
}

/** A profile from JSON of any origin. @throws LabError in one sentence. */
export function profileFromJson(who: string, json: unknown): KeptProfile {
  const parsed = v.safeParse(profileSchema, json);
  if (!parsed.success) {
    refuse(
      'invalidFile',
      `${who}: ${issueText(parsed.issues[0], 'the file')}. Make one with flopscope calibrate --out FILE.`,
    );
  }
  const { capabilities, ...profile } = parsed.output;
  return { profile, capabilities: { ...capabilities, features: new Set(capabilities.features) } };
}

/** Reads a profile that the user names. */
export async function readProfile(path: string): Promise<KeptProfile> {
  return profileFromJson(path, await readJsonFile(path));
}

/** The profile kept for this device, driver and Node, without kernels that have changed since; if it can be read. */
export async function keptProfile(engine: Engine): Promise<DeviceProfile | undefined> {
  if (!engine.measurable) return undefined;
  const name = cacheFileName(engine);
  try {
    const bytes = await readIfPresent(join(cacheDirectory(), name));
    if (!bytes) return undefined;
    const json = parseJson(name, bytes);
    const { profile } = profileFromJson(name, json);
    const { sources } = v.parse(v.object({ sources: v.record(v.string(), v.string()) }), json);
    const current = sourceDigests();
    const unchanged = Object.entries(profile.kernels).filter(
      ([kernel]) => sources[kernel] === current[kernel],
    );
    const kernels = Object.fromEntries(unchanged);
    const variants = (profile.variants ?? []).filter((name) => name in kernels);
    return { ...profile, kernels, variants };
  } catch {
    return undefined; // damaged or of an older version: measured again
  }
}

/**
 * Measures the device and keeps the figures.
 * @param missing measures these kernels only, and adds them to the figures of `known`; by default all that matter
 */
export async function measureProfile(
  engine: Engine,
  output: Output,
  missing?: readonly Kernel[],
  known?: DeviceProfile,
): Promise<DeviceProfile> {
  const onProgress = (fraction: number, what: string) => output.progress(`calibrating: ${what}`, fraction);
  const measured = await calibrateDevice(engine, hostName, onProgress, missing);
  const profile = known ? { ...known, kernels: { ...known.kernels, ...measured.kernels } } : measured;
  await keepProfile(engine, profile, output);
  return profile;
}

/** Shapes measured, those of other variants left out; fewer than three a kernel when a cold driver took the time to compile them. */
export function shapesOf({ kernels, variants = [] }: DeviceProfile): number {
  const rivals = new Set(variants);
  return Object.entries(kernels).reduce(
    (sum, [name, points]) => sum + (rivals.has(name) ? 0 : points.length),
    0,
  );
}

/** Keeps a profile for `keptProfile`; where that cannot be, it says so. */
export async function keepProfile(engine: Engine, profile: DeviceProfile, output: Output): Promise<void> {
  const json = profileToJson({ profile, capabilities: engine.capabilities });
  const bytes = new TextEncoder().encode(JSON.stringify({ ...json, sources: sourceDigests() }));
  const directory = cacheDirectory();
  try {
    await mkdir(directory, { recursive: true });
    await writeFiles(directory, [{ name: cacheFileName(engine), bytes }]);
  } catch {
    output.note(`calibrate: the figures cannot be kept in ${directory}; the next run measures again.`);
  }
}

/** The profile with every kernel of these plans: what is not known of them yet is measured, where it can be, and kept. */
export async function completeProfile(
  engine: Engine,
  plans: readonly Plan[],
  known: DeviceProfile | undefined,
  output: Output,
): Promise<DeviceProfile | undefined> {
  if (!engine.measurable) return known;
  const missing = missingKernels(plans, known);
  if (known && missing.length === 0) return known;
  const what = missing.length === 1 ? missing[0].name : `${missing.length} kernels of this run`;
  output.note(`calibrate: measuring ${what} once, to predict its speed. --no-calibrate leaves it out.`);
  return measureProfile(engine, output, missing, known);
}

/** Where profiles are kept: the user's cache directory. */
export function cacheDirectory(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, 'flopscope');
  if (process.platform === 'darwin') return join(homedir(), 'Library/Caches/flopscope');
  if (process.platform === 'win32' && LOCALAPPDATA) return join(LOCALAPPDATA, 'flopscope');
  return join(homedir(), '.cache/flopscope');
}

/** Name by which a profile knows its device. */
export function hostedKey(engine: Engine): string {
  return profileKey(engine.measurable ?? { facts: [engine.kind] }, hostName);
}

const hostName = `Node ${process.versions.node}`;

function cacheFileName(engine: Engine): string {
  return `profile-${sha256Hex(new TextEncoder().encode(hostedKey(engine))).slice(0, 16)}.json`;
}

/** A fingerprint of every kernel's WGSL by its name: figures of another text say nothing about this one. */
function sourceDigests(): Record<string, string> {
  const digests = new Map<string, string>(); // variants share a source
  return Object.fromEntries(
    allKernels.map(({ name, source }) => {
      const digest = digests.get(source) ?? sha256Hex(new TextEncoder().encode(source)).slice(0, 12);
      digests.set(source, digest);
      return [name, digest];
    }),
  );
}
