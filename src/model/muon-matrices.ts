// Which matrices Muon orthogonalises: those of the blocks, with packed projections taken apart again.
import type { MuonMatrix } from '../kernels/muon.ts';
import type { ModelConfig } from './config.ts';
import { parameterSpecs, qkvColumns } from './parameters.ts';

/** A matrix and the parameter that it lies in. */
export interface NamedMuonMatrix extends MuonMatrix {
  readonly name: string;
}

/**
 * The matrices of a model's blocks, each on its own: queries, keys, values, gate and up are columns of wider parameters, experts
 * are stacked. Embeddings, head, norms and biases are AdamW's.
 */
export function muonMatrices(model: ModelConfig): NamedMuonMatrix[] {
  return parameterSpecs(model)
    .filter(({ name, shape, decay }) => name.startsWith('layers.') && decay && shape.length >= 2)
    .flatMap(({ name, shape }) => {
      const [rows = 1, stride = 1] = shape.slice(-2);
      const stacked = shape.length === 2 ? 1 : (shape[0] ?? 1);
      const widths = widthsOf(model, name, stride);
      return Array.from({ length: stacked }, (_, expert) => {
        let first = expert * rows * stride;
        return widths.map((columns) => {
          const matrix = { name, rows, columns, stride, first };
          first += columns;
          return matrix;
        });
      }).flat();
    });
}

function widthsOf(model: ModelConfig, name: string, columns: number): number[] {
  if (name.endsWith('.qkv')) {
    const { query, key } = qkvColumns(model);
    return [query, key, key];
  }
  return name.endsWith('.gateUp') ? [columns / 2, columns / 2] : [columns];
}
