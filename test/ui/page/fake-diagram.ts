// The fake lab's model diagram: there is none.
import type { DiagramApi } from '../../../src/contract/diagram.ts';

/** Answers as a lab that has no model. */
export const fakeDiagram: DiagramApi = {
  modelDiagram: async () => ({
    kind: 'problem',
    problem: { kind: 'internal', message: 'diagram: the fake lab has no model.' },
  }),
};
