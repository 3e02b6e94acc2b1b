// The sample command on a GPU, in processes of its own.
import { expect, it } from 'vitest';
import { describeGpu } from '../gpu-device.ts';
import { fixturePath } from './fixtures.ts';
import { jsonLines, runMain, spawnCommand } from './run-command.ts';

describeGpu('sample on the GPU', () => {
  it('takes the same likeliest tokens with the cache, without it, and on the reference loops', async () => {
    const prompt = ['sample', fixturePath('llama-a'), '--prompt-tokens', '3,1,4,1,5', '--max-new', '24'];
    const args = [...prompt, '--temperature', '0', '--json'];
    const cached = await spawnCommand(args);
    expect([cached.code, cached.stderr]).toEqual([0, '']);
    const [{ tokens, runtime, decodeTokensPerSecond }] = jsonLines(cached);
    expect(runtime).toBe('gpu');
    expect(tokens).toHaveLength(24);
    expect(Number(decodeTokensPerSecond)).toBeGreaterThan(0);
    expect(jsonLines(await spawnCommand([...args, '--no-cache']))[0].tokens).toEqual(tokens);
    expect(jsonLines(await runMain([...args, '--runtime', 'cpu']))[0].tokens).toEqual(tokens);
  });
});
