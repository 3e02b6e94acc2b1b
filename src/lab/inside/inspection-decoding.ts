// Loss and logits of a model that decodes given tokens beside a cache: what `inspectModel` finds, with that cache's rounding.
import type { ModelConfig } from '../../model/config.ts';
import type { InferenceFormats } from '../../model/weight-format.ts';
import { ignoredTarget } from '../plans/batches.ts';
import type { Engine } from '../plans/engine.ts';
import type { LabelledBatch } from '../plans/labelled-batches.ts';
import type { StoredWeights } from '../plans/parameter-io.ts';
import { ForcedDecoding, scoreLogits } from '../sampling/forced-decoding.ts';
import type { Inspection, InspectionRequest } from './inspection.ts';

/** Decodes one row after the other. @throws LabError when it does not fit the machine */
export async function inspectDecoding(
  engine: Engine,
  files: { readonly model: ModelConfig; readonly weights: StoredWeights },
  { batch, time, inputs, targets, targetCount }: LabelledBatch,
  { onLogits, ...formats }: Pick<InspectionRequest, 'onLogits'> & InferenceFormats,
): Promise<Inspection> {
  const decoding = await ForcedDecoding.open(engine, files, { ...formats, batch: 1, time });
  try {
    let sum = 0;
    const logitsOfRow = new Float32Array(onLogits ? time * files.model.vocabulary : 0);
    for (let row = 0; row < batch; row++) {
      await decoding.decode([inputs.subarray(row * time, (row + 1) * time)], (logits, _, position) => {
        const target = targets[row * time + position];
        if (target !== ignoredTarget) sum += scoreLogits(logits, target).loss;
        if (onLogits) logitsOfRow.set(logits, position * logits.length);
      });
      await onLogits?.(logitsOfRow.slice());
    }
    return { loss: sum / targetCount, weightBytes: decoding.weightBytes };
  } finally {
    decoding.dispose();
  }
}
