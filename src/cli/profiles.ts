// Calibrated device profiles as files: given by the user, or kept in the user's cache for each device and driver.
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { sha256Hex } from '../data/sha256.ts';
import { calibrateDevice, deviceKey } from '../lab/calibration.ts';
import { allKernels } from '../lab/kernel-catalogue.ts';
import { parseJson } from '../lab/model-files.ts';
import type { Capabilities } from '../plan/kernel.ts';
import type { DeviceProfile } from '../plan/predict.ts';
import type { OpenDevice } from '../runtime/device.ts';
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
const spread = v.pipe(v.number(), v.finite(), v.minValue(0));
const measurement = v.object({ value: positive, spread, repeats: count });
const duration = v.object({ value: v.pipe(v.number(), v.finite(), v.minValue(0)), spread, repeats: count });
const profileSchema = v.object({
  version: v.literal(1),
  device: v.string(),
  fmaFlopsPerSecond: measurement,
  copyBytesPerSecond: v.pipe(v.array(v.object({ bytes: positive, rate: measurement })), v.minLength(1)),
  launchSeconds: duration,
  submitSeconds: duration,
  kernels: v.record(
    v.string(),
    v.array(
      v.object({
        shape: v.string(),
        limitSeconds: v.pipe(v.number(), v.finite(), v.minValue(0)),
        seconds: duration,
      }),
    ),
  ),
  timer: v.string(),
  capabilities: v.object({
    features: v.array(v.string()),
    subgroupMinSize: positive,
    subgroupMaxSize: positive,
    maxBindingBytes: positive,
    maxBufferBytes: positive,
    maxWorkgroupStorageBytes: positive,
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
    const issue = parsed.issues[0];
    const path = v.getDotPath(issue) ?? 'the file';
    const found = `${path} should be ${issue.expected ?? 'there'}, found ${issue.received}`;
    refuse('invalidFile', `${who}: ${found}. Make one with flopscope calibrate --out FILE.`);
  }
  const { capabilities, ...profile } = parsed.output;
  return { profile, capabilities: { ...capabilities, features: new Set(capabilities.features) } };
}

/** Reads a profile that the user names. */
export async function readProfile(path: string): Promise<KeptProfile> {
  return profileFromJson(path, await readJsonFile(path));
}

/** What a kept profile is good for: this device and driver, this Node, and these very kernels. */
export function profileKey(open: OpenDevice): string {
  const kernels = allKernels.map(({ name, source }) => `${name}\n${source}`).join('\n');
  const digest = sha256Hex(new TextEncoder().encode(kernels)).slice(0, 12);
  return `${hostedKey(open)} · kernels ${digest}`;
}

/** The profile kept for this device, if there is one that can be read. */
export async function keptProfile(open: OpenDevice): Promise<DeviceProfile | undefined> {
  const name = cacheFileName(open);
  try {
    const bytes = await readIfPresent(join(cacheDirectory(), name));
    return bytes && profileFromJson(name, parseJson(name, bytes)).profile;
  } catch {
    return undefined; // damaged or of an older version: measured again
  }
}

/** Measures the device and keeps the figures. */
export async function measureProfile(open: OpenDevice, output: Output): Promise<DeviceProfile> {
  const profile = await calibrateDevice(open, hostName, (fraction, what) => {
    output.progress(`calibrating: ${what}`, fraction);
  });
  const json = profileToJson({ profile, capabilities: open.capabilities });
  const bytes = new TextEncoder().encode(JSON.stringify(json));
  const directory = cacheDirectory();
  try {
    await mkdir(directory, { recursive: true });
    await writeFiles(directory, [{ name: cacheFileName(open), bytes }]);
  } catch {
    output.note(`calibrate: the figures cannot be kept in ${directory}; the next run measures again.`);
  }
  return profile;
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
export function hostedKey(open: OpenDevice): string {
  return deviceKey(open.facts, hostName);
}

const hostName = `Node ${process.versions.node}`;

function cacheFileName(open: OpenDevice): string {
  return `profile-${sha256Hex(new TextEncoder().encode(profileKey(open))).slice(0, 16)}.json`;
}
