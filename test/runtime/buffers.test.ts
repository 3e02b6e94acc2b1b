// The buffers of a runtime: one for each storage, slots shared between plans, and no double binding of absent tensors.
import { expect, it } from 'vitest';
import { persistentTensor } from '../../src/plan/store.ts';
import { Buffers } from '../../src/runtime/buffers.ts';
import { describeGpu, getTestDevice } from '../gpu-device.ts';
import { addPlan } from './tiny-kernels.ts';

describeGpu('Buffers', () => {
  it('holds what plans and callers keep, and counts the bytes of tensors alone', async () => {
    const { device } = await getTestDevice();
    const buffers = new Buffers(device);
    const { plan, x, y } = addPlan(64);
    const extra = persistentTensor('extra', [8], 'f32', 'state');
    buffers.allocate([plan], [extra.storage]);
    expect(new Set([x, y, extra].map((tensor) => buffers.of(tensor))).size).toBe(3);
    expect(buffers.of(x).size).toBe(256);
    expect(buffers.allocatedBytes).toBe(2 * 256 + 32);
    expect(buffers.absent(0)).toBe(buffers.absent(0));
    expect(buffers.absent(1)).not.toBe(buffers.absent(0));
    expect(buffers.allocatedBytes).toBe(2 * 256 + 32);
    expect(() => buffers.of(persistentTensor('foreign', [1], 'f32', 'state'))).toThrow(
      'tensor foreign belongs to no plan of this runtime',
    );
    buffers.dispose();
  });
});
