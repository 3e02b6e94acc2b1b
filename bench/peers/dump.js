// Prints the workload as JSON, for implementations in other languages.
import { makeBatches, makeWeights, model, optimizer } from './workload.js';

const batches = makeBatches(10).map(({ inputs, targets }) => ({
  inputs: [...inputs],
  targets: [...targets],
}));
const weights = Object.fromEntries(
  Object.entries(makeWeights()).map(([name, { shape, values }]) => [name, { shape, values: [...values] }]),
);
process.stdout.write(`${JSON.stringify({ model, optimizer, weights, batches })}\n`);
