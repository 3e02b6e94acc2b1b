// Refuses a model that a machine cannot hold before anything is recorded or allocated: by the tensor, in bytes.
import type { ModelConfig } from '../../model/config.ts';
import { tablesInBlocks } from '../../model/tensors.ts';
import { storedParameters, type WeightOptions } from '../../model/weight-format.ts';
import type { Engine } from './engine.ts';
import { LabError } from './problem.ts';

/**
 * Checks every parameter against what the device binds at once, and their sum against its memory where that is known.
 * @param copies buffers of the parameters' size: weights, and while training gradients and moments
 * @param options how the weights are stored
 * @throws LabError that names the tensor, its bytes and the limit.
 */
export function checkCapacity(
  engine: Pick<Engine, 'capabilities' | 'memoryBytes'>,
  model: ModelConfig,
  copies: number,
  options: WeightOptions = {},
): void {
  const { maxBindingBytes } = engine.capabilities;
  const tensors = storedParameters(model, options);
  const largest = tensors.reduce((a, b) => (b.bytes > a.bytes ? b : a));
  const refuse = (message: string): never => {
    throw new LabError({ kind: 'tooLarge', message });
  };
  for (const { name, shape, bytes } of tensors) {
    if (bytes <= maxBindingBytes || tablesInBlocks.has(name)) continue;
    refuse(
      `model: ${name} [${shape.join(', ')}] needs ${bytes} bytes, more than the ${maxBindingBytes} that this ` +
        'device binds at once. Lower model.width or model.hidden.',
    );
  }
  const total = copies * tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  if (engine.memoryBytes !== undefined && total > engine.memoryBytes) {
    refuse(
      `model: its parameters need ${total} bytes in ${copies} ${copies === 1 ? 'copy' : 'copies'}, more than the ` +
        `${engine.memoryBytes} of this machine; the largest is ${largest.name} [${largest.shape.join(', ')}] with ` +
        `${largest.bytes} bytes. Choose a smaller model.`,
    );
  }
}

/** Checks the bytes of a whole set of plans. @throws LabError when they exceed the machine's memory. */
export function checkMemory(engine: Pick<Engine, 'memoryBytes'>, totalBytes: number): void {
  if (engine.memoryBytes === undefined || totalBytes <= engine.memoryBytes) return;
  throw new LabError({
    kind: 'tooLarge',
    message:
      `model: weights, gradients, moments and activations need ${totalBytes} bytes, more than the ` +
      `${engine.memoryBytes} of this machine. Lower the batch, the context or the model.`,
  });
}
