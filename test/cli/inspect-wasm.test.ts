// The inspect command on WASM threads: every model family agrees with PyTorch.
import { describe, it } from 'vitest';
import { createFolder } from '../folders.ts';
import { goldenFamilies } from '../model/huggingface/family-fixtures.ts';
import { expectInspection, familyNames, fixtureNames, inspectArguments } from './fixtures.ts';
import { runMain } from './run-command.ts';

describe('inspect --runtime wasm', () => {
  it.each([...fixtureNames, ...familyNames, ...goldenFamilies])('agrees with PyTorch on %s', async (name) => {
    const folder = createFolder();
    expectInspection(name, folder, await runMain([...inspectArguments(name, folder), '--runtime', 'wasm']));
  });
});
