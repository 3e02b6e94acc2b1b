// What a teacher's link keeps stays, whichever way a change comes.
import { describe, expect, it } from 'vitest';
import { allFields } from '../../../src/classroom/link-names.ts';
import type { ExperimentJson } from '../../../src/contract/values.ts';
import {
  holdsSettings,
  isLocked,
  lockableButtons,
  lockedButton,
  lockedChange,
} from '../../../src/ui/state/lock.ts';
import { fakeCatalogue } from '../page/fake-catalogue.ts';

const { fields, presets } = fakeCatalogue;
const [first, second] = presets.map(({ experiment }) => experiment) as [ExperimentJson, ExperimentJson];

describe('a lock', () => {
  it('lets nothing stand in the form that has another value where it holds', () => {
    expect(lockedChange([], fields, first, second)).toBeUndefined();
    expect(lockedChange([allFields], fields, first, first)).toBeUndefined();
    expect(lockedChange([allFields], fields, first, second)).toMatchObject({
      kind: 'locked',
      message: expect.stringMatching(/^That would change .+\.$/),
    });
  });

  it('leaves free what it does not name', () => {
    const wider = { ...first, model: { ...first.model, width: 999 } };
    expect(lockedChange(['model.layers'], fields, first, wider)).toBeUndefined();
    expect(lockedChange(['model.width'], fields, first, wider)).toMatchObject({ kind: 'locked' });
    expect(isLocked(['model.width'], 'model.layers')).toBe(false);
  });

  it('takes no button for a setting', () => {
    expect(holdsSettings(lockableButtons.map(({ id }) => id))).toBe(false);
    expect(holdsSettings(['fork-run', 'model.layers'])).toBe(true);
    expect(lockedButton(['fork-run'], 'fork-run')?.message).toBe('“Fork” is not for this lesson.');
    expect(lockedButton(['model.layers'], 'model.layers')).toBeUndefined();
    expect(lockedButton([allFields], 'fork-run')).toBeUndefined();
  });
});
