// A device that does not compile what its features promise: the next variant is taken, once and for all, and it is said.
import { describe, expect, it } from 'vitest';
import { cpuEngine, type Engine } from '../../../src/lab/plans/engine.ts';
import { LabError, stage } from '../../../src/lab/plans/problem.ts';
import { withRunnableVariants } from '../../../src/lab/plans/runnable-variants.ts';
import { type SelfTest, selfTestOfVariants } from '../../../src/lab/plans/self-test.ts';
import type { Kernel } from '../../../src/plan/kernel.ts';
import { KernelCompileError } from '../../../src/runtime/pipelines.ts';
import { takeLosses, tinyRun } from '../training/tiny-runs.ts';

/** The reference loops, on a device that does not compile kernels of these names. */
function refusing(pattern: RegExp) {
  const engine = cpuEngine();
  const { createRuntime } = engine;
  const messages: string[] = [];
  const plansTried: number[] = [];
  engine.onDropped = (message) => messages.push(message);
  engine.createRuntime = async (plans, extra) => {
    plansTried.push(plans.length);
    const names = plans.flatMap(({ dispatches }) => dispatches.map(({ kernel }) => kernel.name));
    const refused = [...new Set(names.filter((name) => pattern.test(name)))];
    if (refused.length > 0) throw new KernelCompileError(`${refused[0]}: does not compile`, refused);
    return createRuntime(plans, extra);
  };
  return { engine, messages, plansTried };
}

const withoutOf = ({ capabilities }: Engine) => [...(capabilities.without ?? [])].sort();

describe('a device that does not compile a variant', () => {
  it('trains with the next one, says so once, and does not try it again', async () => {
    const { engine, messages, plansTried } = refusing(/tiled/);
    const [expected, run] = [await tinyRun(), await tinyRun({}, engine)];
    const losses = await takeLosses(expected, 2);
    for (const [step, loss] of (await takeLosses(run, 2)).entries())
      expect(loss).toBeCloseTo(losses[step] ?? 0, 4);
    const dropped = withoutOf(engine);
    expect(dropped.length).toBeGreaterThan(2);
    expect(dropped.every((name) => name.includes('tiled'))).toBe(true);
    const said = messages.join();
    for (const name of dropped) expect(said.split(`${name},`).length).toBe(2);
    const [tries, sentences] = [plansTried.length, messages.length];
    await tinyRun({}, engine);
    expect(plansTried.length).toBe(tries + 1);
    expect(messages.length).toBe(sentences);
  });

  it('fails with the refusal where no variant is left', async () => {
    const { engine } = refusing(/^layerNorm|^rmsNorm/);
    await expect(tinyRun({}, engine)).rejects.toThrow(/orm.*does not compile/);
  });

  it('drops nothing for another fault', async () => {
    const { engine } = refusing(/nothing/);
    const lost = async (): Promise<void> => {
      const error = new Error('The GPU was lost.');
      error.name = 'DeviceLostError';
      throw error;
    };
    const problem = withRunnableVariants(engine, () => stage('internal', lost));
    await expect(problem).rejects.toBeInstanceOf(LabError);
    await expect(problem).rejects.toMatchObject({ problem: { kind: 'deviceLost' } });
    expect(withoutOf(engine)).toEqual([]);
  });
});

describe('the self-test of such a device', () => {
  const report = { passed: true, rows: [], kernels: 0, remembered: 0, seconds: 0 };
  const kernel = (name: string) => ({ name }) as Kernel;

  it('goes on with the next variant and notes what was dropped', async () => {
    const engine = cpuEngine();
    const tested: string[][] = [];
    const choose = () => [
      kernel(engine.capabilities.without?.has('product/fast') ? 'product/plain' : 'product/fast'),
    ];
    const test = async (kernels: readonly Kernel[]): Promise<SelfTest> => {
      const names = kernels.map(({ name }) => name);
      tested.push(names);
      return { report, checked: {}, uncompiled: names.filter((name) => name === 'product/fast') };
    };
    const { report: told } = await selfTestOfVariants(engine, choose, test);
    expect(tested).toEqual([['product/fast'], ['product/plain']]);
    expect(told.note).toMatch(/does not compile product\/fast/);
    expect((await selfTestOfVariants(engine, choose, test)).report.note).toBeUndefined();
  });

  it('reports the kernel itself where there is no other', async () => {
    const engine = cpuEngine();
    const choose = () => {
      if (engine.capabilities.without) throw new Error('choose: no variant');
      return [kernel('only')];
    };
    const failed = { ...report, passed: false };
    const test = async (): Promise<SelfTest> => ({ report: failed, checked: {}, uncompiled: ['only'] });
    expect((await selfTestOfVariants(engine, choose, test)).report).toEqual(failed);
    expect(engine.capabilities.without).toBeUndefined();
  });
});
