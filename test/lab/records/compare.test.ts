// Comparing records: one line of differences, and figures that follow from the record.
import { describe, expect, it } from 'vitest';
import { compareRuns, describeDifferences, deviceText } from '../../../src/lab/records/compare.ts';
import { near } from '../../near.ts';
import { exampleRecord } from './example-record.ts';

const first = exampleRecord();

describe('comparing records', () => {
  it('names in one line what is set otherwise than in the first', () => {
    const second = exampleRecord({}, { model: { width: 32 }, train: { seeds: { data: 5 }, clip: 0 } });
    const [one, two] = compareRuns([first, second]);
    expect(one?.differences).toBe('');
    expect(two?.differences).toBe('width 16→32, clip 1→0, seeds.data 1→5');
  });

  it('says when nothing is, and when only the text is another', () => {
    expect(describeDifferences(first, exampleRecord())).toBe('the same configuration');
    expect(describeDifferences(first, exampleRecord({ dataSha256: 'cd'.repeat(32) }))).toBe('another text');
  });

  it('puts predicted beside measured, as the record has them', () => {
    const [{ figures } = { figures: [] }] = compareRuns([first]);
    const figure = (name: string) => figures.find(({ quantity }) => quantity === name);
    expect(figure('memory')).toEqual({ quantity: 'memory', unit: 'B', predicted: 213e3, measured: 213e3 });
    expect(figure('seconds per step')).toMatchObject({ predicted: near(0.008), measured: near(0.01) });
    expect(figure('tokens per second')).toMatchObject({ predicted: 4000, measured: 3200 });
    expect(figure('FLOP/s of the plan')?.predicted).toBeCloseTo(1e6 / 0.008);
    expect(figure('of the calibrated peak')?.measured).toBeCloseTo(10); // 1e8 of 1e9 FLOP/s
    expect(figure('seconds of training')).toMatchObject({ measured: near(0.2) });
    expect(figure('seconds of training')?.predicted).toBeCloseTo(0.16);
    expect(figure('least validation loss')?.measured).toBeCloseTo(2.5);
  });

  it('leaves out what a record does not have', () => {
    const { prediction: _, calibration: __, ...bare } = exampleRecord({ steps: [], evaluations: [] });
    for (const { quantity, predicted, measured } of compareRuns([bare])[0]?.figures ?? []) {
      expect(predicted, quantity).toBeUndefined();
      if (quantity !== 'memory' && quantity !== 'kernels over the step')
        expect(measured, quantity).toBeUndefined();
    }
  });

  it('gives all runs the same quantities in the same order', () => {
    const runs = compareRuns([first, exampleRecord({ steps: [] })]);
    const [one, two] = runs.map(({ figures }) => figures.map(({ quantity }) => quantity));
    expect(one).toEqual(two);
  });

  it('names a software renderer as one', () => {
    expect(deviceText(first)).toBe('Example GPU 9000 · Chrome/148');
    const device = { ...first.device, isSoftware: true };
    expect(deviceText({ device })).toBe('Example GPU 9000 · software renderer · Chrome/148');
  });
});
