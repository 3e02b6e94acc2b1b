// Opens the machine that a command runs on: Dawn's GPU, or the processor when it was asked for.
import { cpus, totalmem } from 'node:os';
import { cpuEngine, type Engine, gpuEngine } from '../lab/plans/engine.ts';
import { type OpenDevice, openDevice } from '../runtime/device.ts';
import type { RuntimeKind } from '../runtime/runtime.ts';
import { wasmMemoryBytes } from '../runtime/wasm/memory.ts';
import { gpuName } from '../text/device-kind.ts';
import { yieldToDriver } from './dawn-polling.ts';
import { refuse } from './failure.ts';
import { openNodeProcessor } from './threads/wasm.ts';

/** A machine with its name; `open` on a GPU only. */
export interface Machine {
  readonly engine: Engine;
  readonly device: string;
  readonly open: OpenDevice | undefined;
}

/** What a command is asked to run on. */
export interface RuntimeChoice {
  readonly runtime: RuntimeKind;
  readonly threads?: number;
}

/** Dawn's instance: the process crashes when it is collected while a device lives, so it stays for ever. */
let instance: GPU | undefined;

const advice =
  process.platform === 'linux'
    ? 'Install a Vulkan driver (Debian, Ubuntu: apt-get install mesa-vulkan-drivers, 23 or later), or use --runtime wasm'
    : 'Update the graphics driver, or use --runtime wasm';

/** Part of the host's memory that tensors may take where they live in it. */
const memoryShare = 0.8;

/** Opens the machine. @throws LabError when there is no GPU and one was asked for: never a silent run on the CPU. */
export async function openMachine({ runtime, threads }: RuntimeChoice): Promise<Machine> {
  refuseThreads(runtime, threads);
  const hostBytes = Math.floor(totalmem() * memoryShare);
  const processor = cpus()[0]?.model.trim() || 'CPU';
  if (runtime === 'cpu') return { engine: cpuEngine(hostBytes), device: processor, open: undefined };
  if (runtime === 'wasm') {
    const memoryBytes = Math.min(hostBytes, wasmMemoryBytes);
    const opened = await openNodeProcessor({ memoryBytes, name: processor, ...(threads ? { threads } : {}) });
    opened.engine.onDropped = tellDropped;
    const count = opened.threads === 1 ? '1 thread' : `${opened.threads} threads`;
    return { engine: opened.engine, device: `${processor}, ${count}`, open: undefined };
  }
  const open = await openGpu();
  const memoryBytes = open.facts.isSoftware ? hostBytes : undefined;
  const engine = gpuEngine(open, undefined, memoryBytes);
  engine.onDropped = tellDropped;
  return { engine, device: gpuName(open.facts), open };
}

function tellDropped(message: string): void {
  process.stderr.write(`flopscope: ${message}\n`);
}

/** Refuses a number of threads for a runtime that has none. */
export function refuseThreads(runtime: RuntimeKind, threads: number | undefined): void {
  if (threads === undefined || runtime === 'wasm') return;
  refuse('invalidConfig', `--threads: ${runtime} has none to choose. Leave it out, or pass --runtime wasm.`);
}

/** The GPU if there is one; never throws for want of it. */
export async function tryOpenMachine(): Promise<Machine | undefined> {
  return openMachine({ runtime: 'gpu' }).catch(() => undefined);
}

/** Names and values of the device's limits. */
export function limitsOf({ device }: OpenDevice): Record<string, number> {
  const limits: Record<string, number> = {};
  for (const name in device.limits) {
    const value = device.limits[name as keyof GPUSupportedLimits];
    if (typeof value === 'number') limits[name] = value;
  }
  return limits;
}

async function openGpu(): Promise<OpenDevice> {
  const opened = await openDevice(await createDawn());
  if (opened.kind !== 'device') {
    const reason = opened.kind === 'noAdapter' ? 'Dawn finds no GPU' : opened.message.replace(/\.$/, '');
    refuse('noAdapter', `device: ${reason}. ${advice}.`);
  }
  yieldToDriver(opened.facts.isSoftware);
  return opened;
}

async function createDawn(): Promise<GPU> {
  if (instance) return instance;
  try {
    const { create, globals } = await import('webgpu');
    Object.assign(globalThis, globals);
    const backend = process.platform === 'linux' ? ['backend=vulkan'] : [];
    instance = create([
      ...backend,
      'enable-dawn-features=allow_unsafe_apis',
      // Calibration times passes of a few microseconds.
      'disable-dawn-features=timestamp_quantization',
    ]);
    return instance;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return refuse('noWebGpu', `device: Dawn does not start here: ${reason}. ${advice}.`);
  }
}
