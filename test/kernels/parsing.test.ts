// Every shader file parses as it stands, without what stands before it in a program.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeGpu, getTestDevice } from '../gpu-device.ts';

describeGpu('shader files', () => {
  /**
   * Lines at which the parser stops. The text gets a last line that is no WGSL: names of another file, which are looked
   * up once all has been parsed, are then no matter, and a text is in order if nothing but that line is wrong.
   */
  const stops = async (text: string): Promise<number[]> => {
    const { device } = await getTestDevice();
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ code: `${text}\n!` });
    const { messages } = await module.getCompilationInfo();
    await device.popErrorScope();
    return messages.filter(({ type }) => type === 'error').map(({ lineNum }) => lineNum);
  };

  it('parse alone', async () => {
    expect(await stops('fn first() -> u32 {\n  return 1u\n}')).not.toEqual([4]);
    for (const file of readdirSync('shaders').filter((name) => name.endsWith('.wgsl'))) {
      const text = readFileSync(`shaders/${file}`, 'utf8');
      expect(await stops(text), file).toEqual([text.split('\n').length + 1]);
    }
  });
});
