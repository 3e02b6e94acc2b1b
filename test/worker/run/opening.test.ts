// A run that is opened while its device changes.
import { expect, it, vi } from 'vitest';
import { readRunRecord } from '../../../src/lab/records/run-record.ts';
import { Runs } from '../../../src/worker/run/runs.ts';
import { MemoryStorage } from '../memory-storage.ts';
import { ReferenceDevices } from '../reference-devices.ts';
import { json } from './worker-runs.ts';

it('opens none when the device is lost while it is prepared, and the next can be prepared', async () => {
  const storage = new MemoryStorage();
  const devices = new ReferenceDevices(storage);
  let isLost = true;
  const runs: Runs = new Runs(devices, storage.asRunStorage(), (event) => {
    if (event.kind === 'state' && event.state === 'preparing' && isLost) runs.drop();
  });
  await expect(runs.prepare(json())).rejects.toMatchObject({ problem: { kind: 'deviceLost' } });
  await expect(runs.step()).rejects.toMatchObject({ problem: { kind: 'busy' } });
  isLost = false;
  await runs.prepare(json());
  await runs.step();
});

it('names the device in the record that the run begins on, whatever it was while it was prepared', async () => {
  const storage = new MemoryStorage();
  const devices = new ReferenceDevices(storage);
  const opened = await devices.open();
  let description = 'Your processor, 2 threads';
  vi.spyOn(devices, 'open').mockImplementation(async () => ({ ...opened, description }));
  const runs: Runs = new Runs(devices, storage.asRunStorage(), (event) => {
    if (event.kind === 'state' && event.state === 'preparing') description = 'Your processor, 1 thread';
  });
  await runs.prepare(json());
  await runs.step();
  await runs.stop();
  const [[, kept = new Uint8Array()] = []] = storage.records;
  expect(readRunRecord(kept).device.name).toBe('Your processor, 1 thread');
});
