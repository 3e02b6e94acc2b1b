// Every kernel that a run may choose agrees with its reference on this device; one that does not is reported.
import { expect, it } from 'vitest';
import { chosenKernels } from '../../../src/lab/cost/calibration.ts';
import { kernelNamed } from '../../../src/lab/plans/kernel-catalogue.ts';
import { selfTest } from '../../../src/lab/plans/self-test.ts';
import type { Kernel } from '../../../src/plan/kernel.ts';
import { describeGpu, getTestDevice } from '../../gpu-device.ts';

/** The first of its shapes, all in a full run: each is a pipeline, and the kernels' own tests have more. */
function shapesOf({ selfTest: shapes }: Kernel): Kernel['selfTest'] {
  return process.env.FLOPSCOPE_FULL ? shapes : shapes.slice(0, 1);
}

describeGpu('the self-test', () => {
  it('passes for all kernels that the presets choose here', async () => {
    const open = await getTestDevice();
    const kernels = chosenKernels(open).map((kernel) => ({ ...kernel, selfTest: shapesOf(kernel) }));
    const { report } = await selfTest(open, kernels);
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
    const { report, checked } = await selfTest(open, [good, wrong, broken], (n, total) =>
      done.push([n, total]),
    );
    expect(report.passed).toBe(false);
    const verdict = (name: string) => report.rows.filter(({ kernel }) => kernel === name);
    expect(verdict('softmax.forward').every(({ passed }) => passed)).toBe(true);
    expect(verdict('wrong').every(({ passed, maximumError }) => !passed && maximumError > 0.001)).toBe(true);
    expect(verdict('broken').every(({ passed, message }) => !passed && message !== undefined)).toBe(true);
    expect(done.at(-1)).toEqual([report.rows.length, report.rows.length]);
    expect(Object.keys(checked)).toEqual(['softmax.forward']);
  });

  it('does not run again what passed before, unless its text changed', async () => {
    const open = await getTestDevice();
    const kernels = ['softmax.forward', 'copy'].map(kernelNamed);
    const first = await selfTest(open, kernels);
    expect(first.report).toMatchObject({ passed: true, kernels: 2, remembered: 0 });
    const second = await selfTest(open, kernels, undefined, first.checked);
    expect(second.report).toMatchObject({ passed: true, kernels: 2, remembered: 2, rows: first.report.rows });
    const [softmax, copy] = kernels as [Kernel, Kernel];
    const changed = { ...softmax, source: `${softmax.source}\n// another text` };
    const third = await selfTest(open, [changed, copy], undefined, second.checked);
    expect(third.report).toMatchObject({ passed: true, kernels: 2, remembered: 1 });
    expect(third.checked['softmax.forward']?.digest).not.toBe(first.checked['softmax.forward']?.digest);
  });

  it('forgets a kernel that fails when it is checked again', async () => {
    const open = await getTestDevice();
    const good = kernelNamed('softmax.forward');
    const { checked } = await selfTest(open, [good]);
    const wrong: Kernel = { ...good, source: `${good.source}\n// another text`, tolerance: -1 };
    const after = await selfTest(open, [wrong], undefined, checked);
    expect(after.report.passed).toBe(false);
    expect(after.checked).toEqual({});
  });
});
