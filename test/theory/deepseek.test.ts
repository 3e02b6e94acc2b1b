// Tests of the check on DeepSeek against the figures of the paper.
import { expect, test } from 'vitest';
import { pressAssumptions } from '../../src/theory/assumptions.ts';
import { deepSeekCheck, deepSeekModel, deepSeekReported } from '../../src/theory/deepseek.ts';

test('12L·d² gives 37.6 billion active parameters', () => {
  expect(deepSeekCheck().activeParameters / 1e9).toBeCloseTo(37.6, 1);
});

test('20 tokens per trained parameter are 13.4e12 and take 2.64e24 multiply-adds, 2.45 million GPU-hours', () => {
  const { optimal } = deepSeekCheck();
  expect(optimal.tokens).toBe(13.42e12);
  expect(optimal.multiplyAdds / 1e24).toBeCloseTo(2.64, 2);
  expect(optimal.gpuHours / 1e6).toBeCloseTo(2.45, 2);
});

test('the reported 14.8e12 take 2.91e24, 2.70 million GPU-hours and 2.9 million dollars', () => {
  const { reportedTokens } = deepSeekCheck();
  expect(reportedTokens.tokens).toBe(deepSeekReported.tokens);
  expect(reportedTokens.multiplyAdds / 1e24).toBeCloseTo(2.91, 2);
  expect(reportedTokens.gpuHours / 1e6).toBeCloseTo(2.7, 2);
  expect(reportedTokens.dollars / 1e6).toBeCloseTo(2.9, 1);
});

test('a token decoded after 128K takes 1.50e11 multiply-adds, 15 cents a million', () => {
  const { inference } = deepSeekCheck();
  expect(inference.context).toBe(128_000);
  expect(inference.multiplyAddsPerToken / 1e11).toBeCloseTo(1.5, 2);
  expect(inference.dollarsPerMillionTokens).toBeCloseTo(0.15, 2);
});

test('assumptions move it, and impossible ones are refused', () => {
  const faster = deepSeekCheck({ ...pressAssumptions, multiplyAddsPerSecond: 600e12 });
  expect(faster.optimal.gpuHours).toBeCloseTo(deepSeekCheck().optimal.gpuHours / 2, 3);
  expect(() => deepSeekCheck({ ...pressAssumptions, dollarsPerMultiplyAdd: -1 })).toThrow(/impossible/);
});

test('at the 4096 tokens that most of the training was at, it is 1.83e24 and 1.69 million GPU-hours', () => {
  const { reportedTokens } = deepSeekCheck(pressAssumptions, deepSeekModel.trainedContext);
  expect(reportedTokens.multiplyAdds / 1e24).toBeCloseTo(1.83, 2);
  expect(reportedTokens.gpuHours / 1e6).toBeCloseTo(1.69, 2);
});
