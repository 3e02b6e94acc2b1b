// The lines of a training run: one per step, in order, with the evaluation of its step.

import type { ExpertsEvent } from '../../contract/inside.ts';
import type { BytesPerToken, LabEvent, StepRecord } from '../../contract/runs.ts';
import { formatDigits, formatLoss, formatPercent, formatSi } from '../../text/numbers.ts';
import { bitsPerByte } from '../../theory/bits-per-byte.ts';
import type { Output } from '../output.ts';

/** One line of `flopscope train --json`. Stable. */
export interface StepLine {
  readonly step: number;
  readonly tokens: number;
  readonly loss: number;
  readonly validationLoss?: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
  readonly stepSeconds: number;
  readonly tokensPerSecond: number;
  /** `loss` and `validationLoss` whatever the tokens; only on text. */
  readonly bitsPerByte?: number;
  readonly validationBitsPerByte?: number;
}

/** The line of `flopscope train --json` after an evaluation of a model with experts. */
export interface ExpertsLine {
  /** What the routers did over the steps (from, step], and which of them collapsed. */
  readonly experts: ExpertsEvent['sample'] & Pick<ExpertsEvent, 'collapsed'>;
}

/** Writes one step's line; for people at most a few in a second. */
export class StepWriter {
  readonly #output: Output;
  readonly #bytesPerToken: BytesPerToken | undefined;
  #shownAt = Number.NEGATIVE_INFINITY;

  constructor(output: Output, bytesPerToken?: BytesPerToken) {
    this.#output = output;
    this.#bytesPerToken = bytesPerToken;
  }

  /** @param isNotable true shows the line to people in any case */
  write(record: StepRecord, validationLoss: number | undefined, isNotable = false): void {
    const { step, tokens, loss, learningRate, gradientNorm, stepSeconds, tokensPerSecond } = record;
    const line: StepLine = {
      step,
      tokens,
      loss,
      ...(validationLoss === undefined ? {} : { validationLoss }),
      learningRate,
      gradientNorm,
      stepSeconds,
      tokensPerSecond,
      ...inBits(this.#bytesPerToken, loss, validationLoss),
    };
    const now = performance.now();
    const isShown = isNotable || validationLoss !== undefined || now - this.#shownAt >= 500; // milliseconds
    if (isShown) this.#shownAt = now;
    this.#output.result(line, isShown ? describeLine(line) : undefined);
  }
}

/** After which steps an evaluation follows: every so many, and after the last; 0 for none. */
export interface Evaluations {
  readonly interval: number;
  readonly lastStep: number;
}

/** Turns a run's events into lines; the line of a step waits for its evaluation. */
export class StepLines {
  readonly #writer: StepWriter;
  readonly #output: Output;
  readonly #evaluations: Evaluations;
  #measured = { steps: 0, tokens: 0, seconds: 0 };
  #held: StepRecord | undefined;
  #last: StepRecord | undefined;
  #validationLoss: number | undefined;

  constructor(output: Output, evaluations: Evaluations, bytesPerToken?: BytesPerToken) {
    this.#output = output;
    this.#writer = new StepWriter(output, bytesPerToken);
    this.#evaluations = evaluations;
  }

  /** Steps of this session, with their tokens and seconds. */
  get measured(): { readonly steps: number; readonly tokens: number; readonly seconds: number } {
    return this.#measured;
  }

  /** The newest step. */
  get last(): StepRecord | undefined {
    return this.#last;
  }

  /** The newest evaluation. */
  get validationLoss(): number | undefined {
    return this.#validationLoss;
  }

  /** Takes an event in; others than steps, evaluations and experts are left alone. */
  take(event: LabEvent): void {
    if (event.kind === 'steps') {
      for (const record of event.steps) {
        this.flush();
        const { steps, tokens, seconds } = this.#measured;
        this.#measured = {
          steps: steps + 1,
          tokens: tokens + record.tokensPerSecond * record.stepSeconds,
          seconds: seconds + record.stepSeconds,
        };
        this.#last = record;
        if (isEvaluated(record.step, this.#evaluations)) this.#held = record;
        else this.#writer.write(record, undefined, record.step === 1);
      }
    } else if (event.kind === 'evaluation') {
      this.#validationLoss = event.loss;
      if (this.#held?.step !== event.step) return;
      this.#writer.write(this.#held, event.loss);
      this.#held = undefined;
    } else if (event.kind === 'experts') {
      const line: ExpertsLine = { experts: { ...event.sample, collapsed: event.collapsed } };
      this.#output.result(line, describeExperts(event));
    }
  }

  /** Writes a line whose evaluation did not come. */
  flush(): void {
    if (this.#held) this.#writer.write(this.#held, undefined, true);
    this.#held = undefined;
  }
}

/** Losses in bits per byte, as a line and the summary have them. */
export function inBits(
  bytesPerToken: BytesPerToken | undefined,
  loss: number | undefined,
  validationLoss: number | undefined,
): Pick<StepLine, 'bitsPerByte' | 'validationBitsPerByte'> {
  if (!bytesPerToken) return {};
  const { training, validation } = bytesPerToken;
  return {
    ...(loss === undefined ? {} : { bitsPerByte: bitsPerByte(loss, training) }),
    ...(validationLoss === undefined
      ? {}
      : { validationBitsPerByte: bitsPerByte(validationLoss, validation) }),
  };
}

function describeLine({ step, loss, validationLoss, learningRate, ...line }: StepLine): string {
  const parts = [
    `step ${step}`,
    `loss ${formatLoss(loss)}`,
    ...(validationLoss === undefined ? [] : [`validation ${formatLoss(validationLoss)}`]),
    `rate ${formatDigits(learningRate)}`,
    `gradient ${formatDigits(line.gradientNorm)}`,
    formatSi(line.stepSeconds, 's'),
    formatSi(line.tokensPerSecond, 'tokens/s'),
  ];
  return parts.join('  ');
}

function describeExperts({ sample, collapsed }: ExpertsEvent): string {
  const layers = sample.layers.map(({ layer, load, dropped, entropy, balance }) => {
    const choices = Math.max(
      1,
      load.reduce((a, b) => a + b, 0),
    );
    const [least, most] = [Math.min(...load) / choices, Math.max(...load) / choices];
    return [
      `  experts of layer ${layer + 1}`,
      `${formatPercent(least)} to ${formatPercent(most)} of the load each`,
      `balance ${formatDigits(balance)}`,
      `entropy ${formatDigits(entropy)}`,
      ...(dropped > 0 ? [`${formatPercent(dropped / choices)} dropped`] : []),
    ].join('  ');
  });
  return [...layers, ...collapsed.map(({ why }) => `  router collapsed: ${why}`)].join('\n');
}

function isEvaluated(step: number, { interval, lastStep }: Evaluations): boolean {
  return interval > 0 && (step % interval === 0 || step === lastStep);
}
