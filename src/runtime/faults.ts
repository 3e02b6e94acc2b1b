// Tells everybody who works on a device about errors that no call returned and about its loss.

type Listener = (fault: Error) => void;

interface Faults {
  readonly listeners: Set<Listener>;
  lost: Error | undefined;
}

/** One watch per device: its `lost` promise keeps what waits for it alive, and runtimes come and go by hundreds. */
const watched = new WeakMap<GPUDevice, Faults>();

/**
 * Calls `listener` with each uncaptured error of a device, and once with an Error named DeviceLostError when the
 * device is lost (or was already).
 * @returns a function that ends the watch
 */
export function watchFaults(device: GPUDevice, listener: Listener): () => void {
  const faults = watched.get(device) ?? watch(device);
  faults.listeners.add(listener);
  if (faults.lost) listener(faults.lost);
  return () => {
    faults.listeners.delete(listener);
  };
}

function watch(device: GPUDevice): Faults {
  const faults: Faults = { listeners: new Set(), lost: undefined };
  watched.set(device, faults);
  device.addEventListener('uncapturederror', ({ error }) => {
    for (const listener of faults.listeners) listener(new Error(`GPU: ${error.message}`));
  });
  void device.lost.then(({ reason, message }) => {
    faults.lost = new Error(`The GPU was lost: ${reason}. ${message}`);
    faults.lost.name = 'DeviceLostError';
    for (const listener of faults.listeners) listener(faults.lost);
  });
  return faults;
}
