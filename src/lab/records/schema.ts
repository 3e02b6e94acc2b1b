// The shape of a run record's file, with a bound on every text and list. Types and schema are held together by the compiler.
import * as v from 'valibot';
import type { KernelRow, KernelTable } from '../../contract/kernels.ts';
import type { RunRecord } from '../../contract/records.ts';
import type { Prediction, StepRecord, StepTiming } from '../../contract/runs.ts';
import type { ExperimentJson } from '../../contract/values.ts';

/** Version of the format that is written. */
export const recordVersion = 1;

/** Bounds of a record that is read. What is written stays well below. */
export const recordLimits = {
  steps: 20_000,
  evaluations: 20_000,
  samples: 2000,
  sampleText: 20_000,
} as const;

/** One schema for each key of a type: a key that the type gains must be added here to compile. */
type SchemaOf<T> = Record<keyof T, v.GenericSchema>;

const finite = v.pipe(v.number(), v.finite());
const amount = v.pipe(finite, v.minValue(0));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const word = v.pipe(v.string(), v.maxLength(300));
const sentence = v.pipe(v.string(), v.maxLength(2000));
const date = v.pipe(v.string(), v.maxLength(40), v.isoTimestamp());
const list = <T extends v.GenericSchema>(item: T, maximum: number) =>
  v.pipe(v.array(item), v.maxLength(maximum));

const measured = v.object({ value: finite, spread: amount, repeats: count });
const place = { step: count, tokens: amount, flops: amount, seconds: amount, loss: finite };

const step = v.object({
  ...place,
  learningRate: finite,
  gradientNorm: finite,
  stepSeconds: amount,
  tokensPerSecond: amount,
} satisfies SchemaOf<StepRecord>);

const prediction = v.object({
  parameters: count,
  vocabulary: v.exactOptional(count),
  memoryBytes: v.object({
    weights: amount,
    gradients: amount,
    moments: amount,
    activations: amount,
    other: amount,
    total: amount,
  } satisfies SchemaOf<Prediction['memoryBytes']>),
  flopsPerToken: list(v.object({ convention: word, flops: amount, parameters: amount, note: sentence }), 50),
  tokensPerStep: count,
  limitSecondsPerStep: v.exactOptional(amount),
  secondsPerStep: v.exactOptional(amount),
  tokensPerSecond: v.exactOptional(amount),
  relativeError: v.exactOptional(amount),
  isQuick: v.exactOptional(v.boolean()),
  dispatchesPerStep: count,
  totalSeconds: v.exactOptional(amount),
} satisfies SchemaOf<Prediction>);

const timing = v.object({
  encodeSeconds: amount,
  gpuSeconds: amount,
  readbackSeconds: amount,
  stepSeconds: amount,
  tokensPerSecond: v.exactOptional(amount),
  predictedSeconds: v.exactOptional(amount),
  modelFlopsUtilization: v.exactOptional(amount),
  peakFlopsPerSecond: v.exactOptional(amount),
} satisfies SchemaOf<StepTiming>);

const kernelRow = v.object({
  index: count,
  label: word,
  phase: word,
  kernel: word,
  shape: word,
  term: v.exactOptional(word),
  layer: v.exactOptional(count),
  workgroups: count,
  usefulFlops: amount,
  launchedFlops: amount,
  bytes: amount,
  limitSeconds: v.exactOptional(amount),
  predictedSeconds: v.exactOptional(amount),
  measuredSeconds: v.exactOptional(amount),
  measuredSpread: v.exactOptional(amount),
  boundBy: v.picklist(['arithmetic', 'bandwidth', 'launch', 'unknown']),
} satisfies SchemaOf<KernelRow>);

const kernelTable = v.object({
  rows: list(kernelRow, 20_000),
  method: sentence,
  accumulation: v.exactOptional(count),
  stepSeconds: v.exactOptional(amount),
  sumOverStep: v.exactOptional(amount),
} satisfies SchemaOf<KernelTable>);

const device = v.object({
  runtime: v.picklist(['gpu', 'wasm', 'cpu']),
  name: word,
  vendor: v.exactOptional(word),
  architecture: v.exactOptional(word),
  isSoftware: v.boolean(),
  host: word,
  features: v.exactOptional(list(word, 100)),
} satisfies SchemaOf<RunRecord['device']>);

const calibration = v.object({
  fmaFlopsPerSecond: measured,
  copyBytesPerSecond: list(v.object({ bytes: amount, rate: measured }), 100),
  launchSeconds: measured,
  kernels: count,
  timer: sentence,
} satisfies SchemaOf<NonNullable<RunRecord['calibration']>>);

/** A settings section: what is in it is checked by the configuration's own schema afterwards. */
const section = v.custom<ExperimentJson['model']>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'should be an object',
);

/** A record of this version. Keys that it does not know are dropped. */
export const runRecordSchema: v.GenericSchema<unknown, RunRecord> = v.object({
  format: v.literal('flopscope-run'),
  version: v.literal(recordVersion),
  appVersion: word,
  id: word,
  title: word,
  presetId: v.exactOptional(word),
  note: v.exactOptional(sentence),
  startedAt: date,
  state: v.picklist(['running', 'paused', 'finished', 'stopped', 'diverged', 'failed']),
  message: v.exactOptional(sentence),
  configVersion: count,
  experiment: v.object({ model: section, train: section, data: section }),
  dataSha256: v.exactOptional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
  device,
  calibration: v.exactOptional(calibration),
  prediction: v.exactOptional(prediction),
  allocatedBytes: v.exactOptional(amount),
  totalSteps: count,
  floors: v.exactOptional(v.object({ uniform: finite, unigram: finite, bigram: finite })),
  bytesPerToken: v.exactOptional(v.object({ training: amount, validation: amount })),
  timingMethod: sentence,
  timing: v.exactOptional(timing),
  steps: list(step, recordLimits.steps),
  evaluations: list(v.object(place), recordLimits.evaluations),
  samples: list(
    v.object({ step: count, text: v.pipe(v.string(), v.maxLength(recordLimits.sampleText)) }),
    recordLimits.samples,
  ),
  kernelTable: v.exactOptional(kernelTable),
} satisfies SchemaOf<RunRecord>);
