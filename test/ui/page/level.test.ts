// The essentials: rooms that there are, and settings that a first experiment turns, with whatever is wrong.
import { describe, expect, it } from 'vitest';
import { formFields } from '../../../src/lab/plans/form-fields.ts';
import { detailedRooms, essentialSettings } from '../../../src/ui/page/level.ts';
import { rooms } from '../../../src/ui/page/rooms.ts';

describe('the essentials', () => {
  it('leave out rooms that there are, and keep some', () => {
    const ids = rooms.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining([...detailedRooms]));
    expect(ids.length).toBeGreaterThan(detailedRooms.length + 3);
  });

  it('show few settings, each one of the form, and one that is wrong', () => {
    const fields = formFields();
    const shown = essentialSettings(fields, []).map(({ path }) => path);
    expect(shown).toHaveLength(9);
    expect(shown).toContain('train.optimizer.learningRate');
    const wrong = essentialSettings(fields, [{ path: 'model.keyValueHeads', message: 'must divide 4' }]);
    expect(wrong.map(({ path }) => path)).toContain('model.keyValueHeads');
  });
});
