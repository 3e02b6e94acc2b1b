// Checks kernels against their references on this very device, before any loss is trusted; what passed is not run again.

import type { SelfTestReport, SelfTestRow } from '../../contract/device.ts';
import { sha256Hex } from '../../data/sha256.ts';
import { type Kernel, shapeText } from '../../plan/kernel.ts';
import type { OpenDevice } from '../../runtime/device.ts';
import { shaderText } from '../../runtime/pipelines.ts';
import { verifyKernels } from '../../runtime/verify.ts';
import type { Engine } from './engine.ts';
import { dropVariants } from './runnable-variants.ts';

/** A kernel that passed, and a digest of what was run: another text of it has to be checked again. */
export interface CheckedKernel {
  readonly digest: string;
  readonly rows: readonly SelfTestRow[];
}

/** Kernels that passed on one device under one driver and browser, by name. */
export type CheckedKernels = Readonly<Record<string, CheckedKernel>>;

/** What a check says, and what is known of the device after it. */
export interface SelfTest {
  readonly report: SelfTestReport;
  readonly checked: CheckedKernels;
  /** Names of those that the device did not compile: other variants may do. */
  readonly uncompiled: readonly string[];
}

/**
 * Holds kernels against their references at their self-test shapes. A kernel that fails is reported, never thrown.
 * @param known what passed before on this device: its rows are taken over
 */
export async function selfTest(
  open: OpenDevice,
  kernels: readonly Kernel[],
  onProgress: (done: number, total: number) => void = () => undefined,
  known: CheckedKernels = {},
): Promise<SelfTest> {
  const start = performance.now();
  const cases = kernels
    .filter((kernel) => known[kernel.name]?.digest !== digestOf(kernel))
    .flatMap((kernel) => kernel.selfTest.map((dims) => ({ kernel, dims })));
  const verifications = await verifyKernels(open.device, cases, { onProgress });
  const rowsOf = new Map<Kernel, SelfTestRow[]>();
  for (const [index, { kernel, dims }] of cases.entries()) {
    const verification = verifications[index];
    if (!verification) continue;
    const { maximumError, tolerance, passed, message } = verification;
    const row = { kernel: kernel.name, shape: shapeText(dims), maximumError, tolerance, passed };
    rowsOf.set(kernel, [...(rowsOf.get(kernel) ?? []), message === undefined ? row : { ...row, message }]);
  }
  const rows = kernels.flatMap((kernel) => rowsOf.get(kernel) ?? known[kernel.name]?.rows ?? []);
  const checked: Record<string, CheckedKernel> = { ...known };
  for (const [kernel, own] of rowsOf) {
    if (own.every(({ passed }) => passed)) checked[kernel.name] = { digest: digestOf(kernel), rows: own };
    else delete checked[kernel.name];
  }
  return {
    report: {
      passed: rows.every((row) => row.passed),
      rows,
      kernels: kernels.length,
      remembered: kernels.length - rowsOf.size,
      seconds: (performance.now() - start) / 1000,
    },
    checked,
    uncompiled: [
      ...new Set(verifications.flatMap(({ kernel, isUncompiled }) => (isUncompiled ? [kernel] : []))),
    ],
  };
}

/**
 * A self-test that goes on with the next variant where the device does not compile one, until it compiles all or no other
 * is left. The report says what was dropped.
 * @param choose records what is to be checked by the engine's capabilities
 */
export async function selfTestOfVariants(
  engine: Engine,
  choose: () => readonly Kernel[],
  test: (kernels: readonly Kernel[]) => Promise<SelfTest>,
): Promise<SelfTest> {
  const notes: string[] = [];
  let result = await test(choose());
  while (result.uncompiled.length > 0) {
    const before = engine.capabilities;
    const note = dropVariants(engine, result.uncompiled);
    let others: readonly Kernel[];
    try {
      others = choose();
    } catch {
      engine.capabilities = before; // no variant is left: the report shows the one that fails
      break;
    }
    notes.push(note);
    result = await test(others);
  }
  return notes.length === 0 ? result : { ...result, report: { ...result.report, note: notes.join(' ') } };
}

const digests = new WeakMap<Kernel, string>();

/** Changes with the kernel's text, entry point and shapes. */
function digestOf(kernel: Kernel): string {
  const known = digests.get(kernel);
  if (known !== undefined) return known;
  const texts = new Set(kernel.selfTest.map((dims) => shaderText(kernel, dims)));
  const text = [...texts, kernel.entryPoint, JSON.stringify(kernel.selfTest)].join('\n');
  const digest = sha256Hex(new TextEncoder().encode(text));
  digests.set(kernel, digest);
  return digest;
}
