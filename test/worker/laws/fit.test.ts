// What the thread of a fit answers: a report, or in a sentence why these runs allow none.
import { expect, it } from 'vitest';
import { answerFit } from '../../../src/worker/laws/fit.ts';
import { cs336 } from '../../laws/public-points.ts';

it('answers with a report, and with a problem where there are too few runs', () => {
  expect(answerFit({ points: cs336, request: { law: 'isoflop' } })).toMatchObject({
    kind: 'ok',
    value: { law: 'isoflop', points: cs336.length },
  });
  expect(answerFit({ points: cs336.slice(0, 2), request: { law: 'chinchilla' } })).toMatchObject({
    kind: 'problem',
    problem: { kind: 'invalidData', message: expect.stringContaining('2 runs cannot fix 5 parameters') },
  });
});
