// Which matrices Muon orthogonalises: those of the blocks, with packed projections taken apart again.
import type { MuonMatrix } from '../kernels/muon.ts';
import type { ModelConfig } from './config.ts';
import { parameterSpecs, qkvColumns } from './parameters.ts';

/** A matrix and the parameter that it lies in. */
export interface NamedMuonMatrix extends MuonMatrix {
  readonly name: string;
}

/**
 * The matrices of a model's blocks, each on its own: queries, keys, values, gate and up are columns of wider parameters.
 * Embeddings, head, norms, biases and the stacks of experts are AdamW's.
 */
export function muonMatrices(model: ModelConfig): NamedMuonMatrix[] {
  return parameterSpecs(model)
    .filter(({ name, shape, decay }) => name.startsWith('layers.') && decay && shape.length === 2)
    .flatMap(({ name, shape: [rows = 1, stride = 1] }) => {
      let first = 0;
      return widthsOf(model, name, stride).map((columns) => {
        const matrix = { name, rows, columns, stride, first };
        first += columns;
        return matrix;
      });
    });
}

function widthsOf(model: ModelConfig, name: string, columns: number): number[] {
  if (name.endsWith('.qkv')) {
    const { query, key } = qkvColumns(model);
    return [query, key, key];
  }
  return name.endsWith('.gateUp') ? [columns / 2, columns / 2] : [columns];
}
