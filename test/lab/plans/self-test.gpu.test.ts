// Every kernel that a run may choose agrees with its reference on this device; one that does not is reported.
import { expect, it } from 'vitest';
import { chosenKernels } from '../../../src/lab/cost/calibration.ts';
import { kernelNamed } from '../../../src/lab/plans/kernel-catalogue.ts';
import { selfTest } from '../../../src/lab/plans/self-test.ts';
import type { Kernel } from '../../../src/plan/kernel.ts';
import { describeGpu, getTestDevice } from '../../gpu-device.ts';

describeGpu('the self-test', () => {
  it('passes for all kernels that the presets choose here', async () => {
    const open = await getTestDevice();
    const kernels = chosenKernels(open.capabilities);
    const report = await selfTest(open, kernels);
    expect(report.rows.filter(({ passed }) => !passed)).toEqual([]);
    expect(report.passed).toBe(true);
    expect(new Set(report.rows.map(({ kernel }) => kernel))).toEqual(
      new Set(kernels.map(({ name }) => name)),
    );
  });

  it('reports a kernel that is wrong and one that does not compile, and goes on', async () => {
    const open = await getTestDevice();
    const good = kernelNamed('softmax.forward');
    const wrong: Kernel = {
      ...good,
      name: 'wrong',
      reference: (arrays, dims, scalars) => {
        good.reference(arrays, dims, scalars);
        const y = arrays[good.writes[0] ?? ''];
        if (y) y[0] += 0.01;
      },
    };
    const broken: Kernel = { ...good, name: 'broken', source: `${good.source}\nfn unfinished(` };
    const done: [number, number][] = [];
    const report = await selfTest(open, [good, wrong, broken], (n, total) => done.push([n, total]));
    expect(report.passed).toBe(false);
    const verdict = (name: string) => report.rows.filter(({ kernel }) => kernel === name);
    expect(verdict('softmax.forward').every(({ passed }) => passed)).toBe(true);
    expect(verdict('wrong').every(({ passed, maximumError }) => !passed && maximumError > 0.001)).toBe(true);
    expect(verdict('broken').every(({ passed, message }) => !passed && message !== undefined)).toBe(true);
    expect(done.at(-1)).toEqual([report.rows.length, report.rows.length]);
  });
});
