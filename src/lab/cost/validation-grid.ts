// Models that calibration has not seen: what predictions are validated on.

/** One model of the grid, as a configuration file has it. */
export interface GridModel {
  readonly name: string;
  readonly experiment: { readonly model: object; readonly train: object; readonly data: object };
  /** Which work is measured: all of it in the full grid, two pieces a model in the small one. */
  readonly kinds: readonly ('training' | 'evaluation' | 'prefill' | 'decode')[];
}

const gpt = { norm: 'layerNorm', position: 'learned', activation: 'geluTanh', gated: false, tiedHead: true };
const llama = { norm: 'rmsNorm', position: 'rope', activation: 'silu', gated: true, tiedHead: true };

/** Sizes of one row: layers, width, heads, context, batch. */
type Sizes = readonly [layers: number, width: number, heads: number, context: number, batch: number];

const all = ['training', 'evaluation', 'prefill', 'decode'] as const;

function gridModel(
  family: 'gpt' | 'llama',
  [layers, width, heads, context, batch]: Sizes,
  kinds: GridModel['kinds'],
  more: object = {},
  note = '',
): GridModel {
  const model = { ...(family === 'gpt' ? gpt : llama), layers, width, heads, context, ...more };
  return {
    name: `${family} L${layers} C${width} H${heads} T${context} B${batch}${note === '' ? '' : ` ${note}`}`,
    experiment: {
      model,
      train: { steps: 1000, batch, optimizer: { kind: 'adamw', learningRate: 1e-3 } },
      data: { source: 'stories', characters: 60_000 },
    },
    kinds,
  };
}

/** Twelve models, two kinds of work each: depth, width, heads, groups, context, batch, vocabulary and biases vary. */
const small: readonly GridModel[] = [
  gridModel('gpt', [2, 80, 4, 64, 12], ['training', 'evaluation']),
  gridModel('gpt', [3, 112, 7, 48, 10], ['training', 'prefill'], { bias: true }, 'bias'),
  gridModel('gpt', [1, 256, 8, 64, 8], ['training', 'evaluation']),
  gridModel('gpt', [2, 144, 3, 192, 4], ['training', 'prefill']),
  gridModel('gpt', [6, 64, 2, 32, 16], ['training', 'decode']),
  gridModel('gpt', [2, 128, 4, 64, 8], ['training', 'evaluation'], { vocabulary: 700 }, 'V700'),
  gridModel('llama', [3, 96, 6, 96, 8], ['training', 'decode'], { keyValueHeads: 2 }, 'G2'),
  gridModel('llama', [2, 160, 5, 64, 12], ['training', 'prefill'], { keyValueHeads: 1 }, 'G1'),
  gridModel('llama', [4, 128, 4, 128, 6], ['training', 'evaluation'], { tiedHead: false }, 'untied'),
  gridModel('llama', [2, 224, 7, 48, 10], ['training', 'decode']),
  gridModel('gpt', [2, 96, 3, 64, 12], ['training', 'evaluation'], { dropout: 0.1 }, 'dropout'),
  gridModel('llama', [1, 192, 6, 160, 5], ['training', 'prefill'], { hidden: 384 }, 'F384'),
];

/** What only the full grid has: larger, longer, deeper, with experts, windows and latents. */
const larger: readonly GridModel[] = [
  gridModel('gpt', [4, 192, 6, 96, 16], all),
  gridModel('gpt', [8, 104, 4, 80, 12], all),
  gridModel('gpt', [2, 320, 5, 128, 4], all),
  gridModel('gpt', [2, 128, 8, 512, 2], all),
  gridModel('llama', [6, 160, 5, 96, 12], all, { keyValueHeads: 1 }, 'G1'),
  gridModel('llama', [3, 256, 8, 128, 8], all, { keyValueHeads: 4 }, 'G4'),
  gridModel('llama', [2, 384, 6, 64, 8], all),
  gridModel('llama', [4, 128, 2, 256, 6], all, { vocabulary: 2000 }, 'V2000'),
  gridModel('llama', [3, 96, 4, 64, 12], all, { experts: 8, expertsPerToken: 2, expertHidden: 128 }, 'E8'),
  gridModel('llama', [3, 128, 4, 128, 8], all, { windowPattern: 'LLG', window: 24 }, 'W24'),
  gridModel('llama', [3, 128, 4, 96, 8], all, { attention: 'latent', latentSize: 48 }, 'latent'),
];

/** The grid of this name. */
export function validationGrid(grid: 'small' | 'full'): readonly GridModel[] {
  return grid === 'small' ? small : [...small.map((model) => ({ ...model, kinds: all })), ...larger];
}
