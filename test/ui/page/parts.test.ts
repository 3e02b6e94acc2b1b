// Parts of the page that come when they are asked for: what does not come is said, and can be asked for again.
import { expect, it } from 'vitest';
import type { Problem } from '../../../src/contract/values.ts';
import { loadPart } from '../../../src/ui/page/parts.ts';

it('gives the part, or says which did not come and why', async () => {
  const shown: Problem[] = [];
  let isOnline = false;
  const load = async () => {
    if (!isOnline) throw new TypeError('Failed to fetch');
    return 'the tour';
  };
  const ask = () => loadPart('The tour', load, (problem) => shown.push(problem));
  expect(await ask()).toBeUndefined();
  expect(shown).toEqual([{ kind: 'notLoaded', message: 'The tour: Failed to fetch' }]);
  isOnline = true;
  expect(await ask()).toBe('the tour');
  expect(shown).toHaveLength(1);
});
