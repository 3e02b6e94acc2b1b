// Reading, changing and comparing experiments by the paths of the form.
import { describe, expect, it } from 'vitest';
import {
  describeDifferences,
  differences,
  isFieldShown,
  readField,
  valueAt,
  withValue,
} from '../../../src/ui/state/experiment.ts';
import { near } from '../../near.ts';
import { fakeCatalogue } from '../page/fake-catalogue.ts';

const { fields, presets } = fakeCatalogue;
const nano = presets[0]?.experiment ?? { model: {}, train: {}, data: {} };
const fieldAt = (path: string) => {
  const field = fields.find((candidate) => candidate.path === path);
  if (field === undefined) throw new Error(`no field ${path}`);
  return field;
};

describe('experiment', () => {
  it('reads own values only', () => {
    expect(valueAt(nano, 'train.optimizer.learningRate')).toEqual(near(0.003));
    expect(valueAt(nano, 'train.optimizer')).toBeUndefined();
    expect(valueAt(nano, 'model.constructor')).toBeUndefined();
    expect(valueAt(nano, '__proto__.model')).toBeUndefined();
  });

  it('replaces one value and shares the rest', () => {
    const changed = withValue(nano, 'train.optimizer.learningRate', 1e-3);
    expect(valueAt(changed, 'train.optimizer.learningRate')).toEqual(near(1e-3));
    expect(valueAt(changed, 'train.optimizer.kind')).toBe('adamw');
    expect(valueAt(nano, 'train.optimizer.learningRate')).toEqual(near(0.003));
    expect(changed.model).toBe(nano.model);
  });

  it('creates what is missing on the way', () => {
    expect(valueAt(withValue(nano, 'train.seeds.weights', 7), 'train.seeds.weights')).toBe(7);
  });

  it('refuses a path outside an experiment', () => {
    expect(() => withValue(nano, 'other.width', 1)).toThrow(/no part of an experiment/);
  });

  it('lists what differs in the order of the form and says it in one line', () => {
    const changed = withValue(withValue(nano, 'train.optimizer.learningRate', 1e-3), 'model.width', 128);
    const list = differences(fields, nano, changed);
    expect(list.map(({ path }) => path)).toEqual(['model.width', 'train.optimizer.learningRate']);
    expect(describeDifferences(list)).toBe('width 64→128, learningRate 3e-3→1e-3');
    expect(describeDifferences(list, 1)).toBe('width 64→128 and 1 more');
  });

  it('says of which seed and of which kind it speaks', () => {
    const changed = withValue(withValue(nano, 'train.seeds.weights', 2), 'train.schedule.kind', 'linear');
    expect(describeDifferences(differences(fields, nano, changed))).toBe(
      'schedule.kind cosine→linear, seeds.weights 1→2',
    );
  });

  it('takes a default that is written out for no difference', () => {
    expect(differences(fields, nano, withValue(nano, 'model.hidden', 256))).toEqual([]);
  });

  it('leaves out a field that has no meaning in either experiment', () => {
    const base = withValue(nano, 'model.ropeBase', 500);
    expect(differences(fields, nano, base)).toEqual([]);
    const rope = withValue(base, 'model.position', 'rope');
    expect(differences(fields, nano, rope).map(({ path }) => path)).toEqual([
      'model.position',
      'model.ropeBase',
    ]);
  });

  it('shows a field only where another has one of its values', () => {
    const field = fieldAt('model.ropeBase');
    expect(isFieldShown(field, fields, nano)).toBe(false);
    expect(isFieldShown(field, fields, withValue(nano, 'model.position', 'rope'))).toBe(true);
  });

  it.each(['', 'abc', '1e999', '12px'])('does not take %j for a number', (text) => {
    expect(readField(fieldAt('model.dropout'), text).kind).toBe('problem');
  });

  it('takes an empty text for 0 only where a size follows from others', () => {
    const hidden = fieldAt('model.hidden');
    expect(readField({ ...hidden, automatic: true }, '')).toEqual({ kind: 'ok', value: 0 });
    expect(readField({ ...hidden, default: 0, minimum: 0 }, '').kind).toBe('problem');
  });

  it('takes whole numbers only where a whole number is asked for', () => {
    expect(readField(fieldAt('model.width'), '2.5').kind).toBe('problem');
    expect(readField(fieldAt('model.width'), ' 64 ')).toEqual({ kind: 'ok', value: 64 });
    expect(readField(fieldAt('model.dropout'), '1e-1')).toEqual({ kind: 'ok', value: near(0.1) });
  });
});
