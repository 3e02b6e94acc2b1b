// Lines of a training run: experts have one of their own, after the line of their evaluation's step.

import { expect, it } from 'vitest';
import { type ExpertsLine, StepLines } from '../../../src/cli/train/lines.ts';
import type { StepRecord } from '../../../src/contract/runs.ts';
import { plainSpaces } from '../../../src/text/numbers.ts';

const step: StepRecord = {
  ...{ step: 10, tokens: 320, loss: 3, learningRate: 0.001, gradientNorm: 1 },
  ...{ stepSeconds: 0.1, tokensPerSecond: 3200, flops: 1, seconds: 1 },
};
const layers = [{ layer: 1, tokens: 100, load: [160, 30, 10, 0], dropped: 20, entropy: 0.5, balance: 2.25 }];
const why = 'Layer 2: expert 1 of 4 takes 80 % of the tokens.';

it('the experts follow the step that was evaluated, in an object of their own', () => {
  const values: object[] = [];
  const texts: (string | undefined)[] = [];
  const output = {
    ...{ json: true, text: () => undefined, note: () => undefined, progress: () => undefined },
    result: (value: object, text: string | undefined) => {
      values.push(value);
      texts.push(text);
    },
  };
  const lines = new StepLines(output, { interval: 1, lastStep: 1 });
  const place = { step: 10, tokens: 320, flops: 1, seconds: 1 };
  lines.take({ kind: 'steps', steps: [step] });
  lines.take({ kind: 'evaluation', ...place, loss: 3.1 });
  const collapsed = [{ layer: 1, steps: 20, why }];
  lines.take({ kind: 'experts', step: 10, sample: { from: 0, step: 10, layers }, collapsed });
  expect(values).toHaveLength(2);
  expect(Object.keys(values[0] ?? {})).not.toContain('experts');
  const wanted: ExpertsLine = { experts: { from: 0, step: 10, layers, collapsed } };
  expect(values[1]).toEqual(wanted);
  expect(plainSpaces(texts[1] ?? '')).toBe(
    '  experts of layer 2  0.00 % to 80.0 % of the load each  balance 2.25  entropy 0.500  10.0 % dropped\n' +
      `  router collapsed: ${why}`,
  );
});
