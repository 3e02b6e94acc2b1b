// The kernels that a device without subgroups runs, on wgpu: what Firefox and others compile WGSL with.
import { beforeAll, describe, expect, it } from 'vitest';
import { familyOf } from '../../src/plan/kernel.ts';
import { runInDeno } from './deno.ts';
import { variantsToRun } from './variant-runs.ts';
import { casesToRun, portableKernels, presetsToCompile, type WgpuLine } from './wgpu-lines.ts';

const { FLOPSCOPE_DENO: deno = '', FLOPSCOPE_SKIP_WGPU: missing, FLOPSCOPE_FULL } = process.env;
const isFull = FLOPSCOPE_FULL === '1';
const cases = casesToRun(isFull);

/** Seconds for everything: a driver that compiles for a processor takes most of it, the first time. */
const patience = isFull ? 1800 : 900;

const describeWgpu = missing === undefined ? describe : describe.skip;

describeWgpu(missing === undefined ? 'wgpu' : `wgpu [skipped: ${missing}]`, () => {
  let lines: readonly WgpuLine[] = [];
  const linesOf = <K extends WgpuLine['kind']>(kind: K) =>
    lines.filter((line): line is Extract<WgpuLine, { kind: K }> => line.kind === kind);

  beforeAll(async () => {
    lines = await runInDeno<WgpuLine>(deno, 'test/engines/wgpu-runner.ts', isFull ? ['full'] : []);
  }, 1000 * patience);

  it('gives a device', () => {
    expect(linesOf('noDevice')).toEqual([]);
    expect(linesOf('device')).toHaveLength(1);
  });

  it.each(['self-test', ...presetsToCompile(isFull).map(({ id }) => id)])(
    'compiles every pipeline of %s',
    (of) => {
      const [compiled] = linesOf('compiled').filter((line) => line.of === of);
      expect(compiled?.failures).toEqual([]);
    },
  );

  it.each([...new Set(cases.map(({ kernel }) => kernel.name))])('%s agrees with its reference', (name) => {
    const results = linesOf('kernel').filter(({ kernel }) => kernel === name);
    expect(results).toHaveLength(cases.filter(({ kernel }) => kernel.name === name).length);
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
  });

  it('ran every family and every shader that such a device may be given', () => {
    const run = new Set(cases.flatMap(({ kernel }) => [familyOf(kernel.name), kernel.source]));
    const left = portableKernels.filter(({ name, source }) => !run.has(familyOf(name)) || !run.has(source));
    expect(left).toEqual([]);
  });

  it('trains as the reference loops do, by every variant table, with what real GPUs get', () => {
    const { tables, models } = variantsToRun(isFull);
    const runs = linesOf('variant');
    expect(runs).toHaveLength(models.length * tables.length);
    for (const { gradientError, weightError, lossError, chosen } of runs) {
      expect(Math.max(gradientError, weightError, lossError), chosen.join()).toBeLessThan(1e-3);
    }
    expect(runs[0]?.chosen.join()).toMatch(/attention\.keysAndValues\/tiled.*matmul\.tn\/tiled/);
  });
});
