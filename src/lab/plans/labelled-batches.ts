// Inputs with targets of their own, as JSON: how a run or a model is compared with another framework.
import * as v from 'valibot';
import { issueText } from '../../data/issue-text.ts';
import { ignoredTarget } from './batches.ts';
import { LabError } from './problem.ts';

/** A batch whose targets are given beside its inputs. */
export interface LabelledBatch {
  readonly batch: number;
  readonly time: number;
  /** [B, T] */
  readonly inputs: Uint32Array;
  /** [B, T]; `ignoredTarget` where the loss has none. */
  readonly targets: Uint32Array;
  /** Targets that count. */
  readonly targetCount: number;
}

/** How JSON writes a position without target: PyTorch's default `ignore_index`. */
const ignoredInJson = -100;

const rows = v.pipe(v.array(v.pipe(v.array(v.number()), v.minLength(1))), v.minLength(1));
const batchSchema = v.strictObject({ inputs: rows, targets: rows });
const batchesSchema = v.strictObject({ batches: v.pipe(v.array(batchSchema), v.minLength(1)) });

/** What the tokens must fit. */
export interface TokenLimits {
  readonly vocabulary: number;
  /** Longest row. */
  readonly context: number;
}

/** Reads `{"inputs": [[…]], "targets": [[…]]}`. @throws LabError with one clear sentence. */
export function parseLabelledBatch(who: string, json: unknown, limits: TokenLimits): LabelledBatch {
  const parsed = v.safeParse(batchSchema, json);
  if (!parsed.success)
    refuse(who, issueText(parsed.issues[0], 'the file'), 'Give {"inputs": [[…]], "targets": [[…]]}.');
  return readBatch(who, parsed.output, limits);
}

/** Reads `{"batches": [{"inputs": [[…]], "targets": [[…]]}, …]}`, all of one shape. @throws LabError. */
export function parseLabelledBatches(who: string, json: unknown, limits: TokenLimits): LabelledBatch[] {
  const parsed = v.safeParse(batchesSchema, json);
  if (!parsed.success) {
    const advice = 'Give {"batches": [{"inputs": [[…]], "targets": [[…]]}, …]}.';
    refuse(who, issueText(parsed.issues[0], 'the file'), advice);
  }
  const batches = parsed.output.batches.map((batch, index) =>
    readBatch(`${who}: batch ${index}`, batch, limits),
  );
  const [{ batch, time }] = batches;
  const other = batches.findIndex((one) => one.batch !== batch || one.time !== time);
  if (other >= 0) {
    const found = `batch 0 is [${batch}, ${time}], batch ${other} is [${batches[other].batch}, ${batches[other].time}]`;
    refuse(who, `the batches have different shapes: ${found}`, 'Give all the same.');
  }
  return batches;
}

/** The same rows up to their first `time` tokens. @throws LabError where no target is left */
export function shortenBatch(who: string, batch: LabelledBatch, time: number): LabelledBatch {
  if (time >= batch.time) return batch;
  const cut = (values: Uint32Array) => {
    const rows = new Uint32Array(batch.batch * time);
    for (let row = 0; row < batch.batch; row++)
      rows.set(values.subarray(row * batch.time, row * batch.time + time), row * time);
    return rows;
  };
  const targets = cut(batch.targets);
  const targetCount = targets.filter((target) => target !== ignoredTarget).length;
  if (targetCount === 0)
    refuse(who, `every target of the first ${time} tokens is ignored (-100)`, 'Take more of them.');
  return { batch: batch.batch, time, inputs: cut(batch.inputs), targets, targetCount };
}

function readBatch(
  who: string,
  { inputs, targets }: v.InferOutput<typeof batchSchema>,
  { vocabulary, context }: TokenLimits,
): LabelledBatch {
  const batch = inputs.length;
  const time = inputs[0].length;
  if (time > context) {
    refuse(who, `rows of ${time} tokens do not fit the model's context of ${context}`, 'Give shorter rows.');
  }
  for (const [name, matrix] of [['inputs', inputs] as const, ['targets', targets] as const]) {
    if (matrix.length !== batch)
      refuse(who, `${batch} rows of inputs, but ${matrix.length} of ${name}`, 'Give as many.');
    const odd = matrix.findIndex((row) => row.length !== time);
    if (odd >= 0) {
      const found = `row ${odd} of ${name} has ${matrix[odd].length} tokens, not ${time}`;
      refuse(who, found, 'Give rows of equal length.');
    }
  }
  const result = { inputs: new Uint32Array(batch * time), targets: new Uint32Array(batch * time) };
  let targetCount = 0;
  for (let row = 0; row < batch; row++) {
    for (let t = 0; t < time; t++) {
      result.inputs[row * time + t] = checkToken(who, `inputs[${row}][${t}]`, inputs[row][t], vocabulary);
      const target = targets[row][t];
      const isIgnored = target === ignoredInJson;
      if (!isIgnored) {
        checkToken(who, `targets[${row}][${t}]`, target, vocabulary);
        targetCount++;
      }
      result.targets[row * time + t] = isIgnored ? ignoredTarget : target;
    }
  }
  if (targetCount === 0) refuse(who, 'every target is ignored (-100)', 'Give at least one.');
  return { batch, time, ...result, targetCount };
}

function checkToken(who: string, where: string, token: number, vocabulary: number): number {
  if (Number.isInteger(token) && token >= 0 && token < vocabulary) return token;
  refuse(who, `${where} is ${token}, outside the vocabulary of ${vocabulary}`, `Use 0 to ${vocabulary - 1}.`);
}

function refuse(who: string, what: string, advice: string): never {
  throw new LabError({ kind: 'invalidData', message: `${who}: ${what}. ${advice}` });
}
