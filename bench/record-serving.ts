// Records a model served in batches for the room's first visit, its weights in f32 and in int8.
import type { RecordedServing, ServingSweep } from '../src/contract/records.ts';
import type { ServedWeights, ServingRow } from '../src/contract/serving.ts';
import { isUnsteady } from '../src/lab/cost/calibration.ts';
import { gpuEngine } from '../src/lab/plans/engine.ts';
import { samplingPlans } from '../src/lab/plans/inference-memory.ts';
import { freshWeights } from '../src/lab/plans/open-model.ts';
import { storedArrays } from '../src/lab/plans/parameter-io.ts';
import { planServing, rowOf, serveBatch } from '../src/lab/serving/serve.ts';
import { parseExperiment } from '../src/model/config.ts';
import { countParameters } from '../src/model/parameters.ts';
import { findPreset } from '../src/model/presets/catalogue.ts';
import { scaleModel } from '../src/model/size-dial.ts';
import type { DeviceProfile } from '../src/plan/device-profile.ts';
import type { OpenDevice } from '../src/runtime/device.ts';
import { formatSeconds, formatSi } from '../src/text/numbers.ts';
import { benchDeviceFacts, withKernelsOf, writeRecording } from './recordings.ts';

/** Large enough that reading the weights is most of a token. */
const preset = { id: 'small-llama', factor: 8 } as const;
/** Of a character tokenizer; the presets leave it to their text. */
const vocabulary = 65;
const request = { batches: [1, 2, 4, 8, 16], prompt: 16, output: 32, repeats: 3, cache: 'f32' } as const;
const formats: readonly ServedWeights[] = ['f32', 'int8'];
/** Of the weights and the prompts: what is drawn does not change what it costs. */
const seed = 1;

/** Serves the model and writes rates and waits beside their predictions. @param file such as public/recorded-serving.json */
export async function recordServing(open: OpenDevice, profile: DeviceProfile, file: string): Promise<void> {
  const isKnown = !isUnsteady(profile);
  if (!isKnown) console.log('serving: recorded without predictions');
  const found = findPreset(preset.id);
  const parsed = parseExperiment(found?.experiment);
  if (found === undefined || parsed.kind !== 'ok')
    throw new Error(`record: there is no preset ${preset.id}.`);
  const model = { ...scaleModel(parsed.experiment.model, preset.factor), vocabulary };
  const weights = storedArrays(freshWeights(model, seed));
  const { batches, ...texts } = request;
  const engine = gpuEngine(open, isKnown ? profile : undefined);
  const sweeps: ServingSweep[] = [];
  for (const format of formats) {
    const rows: ServingRow[] = [];
    const kept = { weights: format, cache: texts.cache };
    for (const batch of batches) {
      const served = { batch, prompt: texts.prompt, output: texts.output };
      const plans = await planServing(engine, model, served, kept);
      if (engine.profile) engine.profile = await withKernelsOf(samplingPlans(plans), open, engine.profile);
      const measured = await serveBatch(engine, { model, weights }, served, {
        ...kept,
        repeats: texts.repeats,
        seed,
      });
      const row = { ...rowOf(engine, plans, served), measured };
      rows.push(row);
      const { tokensPerSecond, betweenTokensSeconds } = measured;
      console.log(
        `${format}, ${batch} at a time: ${formatSi(tokensPerSecond)} tokens/s, expected ` +
          `${formatSi(row.predicted?.expectation.tokensPerSecond)}, ${formatSeconds(betweenTokensSeconds)} between tokens`,
      );
    }
    sweeps.push({ weights: format, rows });
  }
  const recording: RecordedServing = {
    format: 'flopscope-serving',
    version: 1,
    recordedAt: new Date().toISOString(),
    device: benchDeviceFacts(open),
    title: `${found.title}, ${preset.factor} times as large`,
    parameters: countParameters(model),
    request,
    sweeps,
  };
  writeRecording(file, recording);
}
