// The device command, and the machine that the others get.
import { expect, it } from 'vitest';
import { describeGpu } from '../gpu-device.ts';
import { jsonLines, runMain } from './run-command.ts';

describeGpu('device', () => {
  it('shows name, features and limits as one object', async () => {
    const result = await runMain(['device', '--json']);
    expect([result.code, result.stderr]).toEqual([0, '']);
    const [facts, ...others] = jsonLines(result);
    expect(others).toEqual([]);
    expect(facts).toMatchObject({ runtime: 'gpu', device: expect.stringMatching(/\w/) });
    expect(facts.features).toEqual(expect.arrayContaining([expect.any(String)]));
    const limits = facts.limits as Record<string, number>;
    expect(limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(134_217_728);
  });

  it('shows the same to people', async () => {
    const { stdout } = await runMain(['device']);
    expect(stdout).toMatch(/^device +\S/);
    expect(stdout).toMatch(/\nmaxStorageBufferBindingSize +\d+\n/);
  });
});
