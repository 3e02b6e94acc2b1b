// What the CSV files of the page say.
import { expect, it } from 'vitest';
import { curveCsv, kernelCsv } from '../../../src/ui/run-views/exports.ts';
import { fakeStep } from '../page/fake-lab.ts';

it('writes steps and evaluations in one table, by step', () => {
  const evaluation = { step: 1, tokens: 1024, flops: 2, seconds: 3, loss: 2.5 };
  const series = {
    points: [fakeStep(2), fakeStep(1)],
    stride: 1,
    evaluations: [evaluation],
    floors: undefined,
  };
  const [head = '', ...rows] = curveCsv(series).trimEnd().split('\r\n');
  expect(rows.map((row) => row.split(',')[0])).toEqual(['1', '1', '2']);
  const columns = head.split(',');
  const [step = ''] = rows;
  expect(Number(step.split(',')[columns.indexOf('loss')])).toBe(fakeStep(1).loss);
  const evaluated = rows.find((row) => row.split(',')[columns.indexOf('validation loss')] === '2.5');
  expect(evaluated).toBe('1,1024,2,3,,2.5,,,,');
});

it('writes a kernel row with what was not measured left empty', () => {
  const row = { index: 0, label: '=x', phase: 'forward', kernel: 'add', shape: '[1, 2]', workgroups: 1 };
  const costs = {
    usefulFlops: 2,
    launchedFlops: 3,
    bytes: 8,
    predictedSeconds: 1e-5,
    boundBy: 'launch',
  } as const;
  const [head = '', line = ''] = kernelCsv([{ ...row, ...costs }]).split('\r\n');
  expect(line).toBe(`0,'=x,forward,add,"[1, 2]",1,2,3,8,0.00001,,,launch,,,`);
  expect(head.split(',')).toHaveLength(16);
});
