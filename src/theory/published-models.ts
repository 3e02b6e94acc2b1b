// Published models as rows of data: configuration, its source, and the count of the released weights.
import type { Architecture } from './architecture.ts';
import { blockScales, multiTokenModule, siglipTower } from './released-extras.ts';

/** Numbers that a release holds besides the language model itself. */
export interface ReleasedExtra {
  readonly what: string;
  readonly parameters: number;
}

/** A row. */
export interface PublishedModel {
  readonly id: string;
  readonly name: string;
  readonly architecture: Architecture;
  /** Where the configuration stands. */
  readonly source: string;
  /** Numbers in the released weights: total of `architecture` and of `extras`, to the last one. */
  readonly releasedParameters: number;
  /** Where that count stands. */
  readonly countSource: string;
  readonly extras: readonly ReleasedExtra[];
}

const gpt2 = (layers: number, width: number, heads: number): Architecture => ({
  layers,
  width,
  heads,
  keyValueHeads: heads,
  headSize: 64,
  context: 1024,
  vocabulary: 50_257,
  tiedHead: true,
  learnedPositions: true,
  bias: true,
  normsPerLayer: 2,
  queryKeyNorm: 'none',
  feedForward: { kind: 'dense', hidden: 4 * width, gated: false },
});

/** L, C, H, G, D, F, T, V of a model of Llama's kind. */
type LlamaSizes = readonly [
  layers: number,
  width: number,
  heads: number,
  keyValueHeads: number,
  headSize: number,
  hidden: number,
  context: number,
  vocabulary: number,
];

const llama = (sizes: LlamaSizes, other: Partial<Architecture> = {}): Architecture => {
  const [layers, width, heads, keyValueHeads, headSize, hidden, context, vocabulary] = sizes;
  return {
    ...{ layers, width, heads, keyValueHeads, headSize, context, vocabulary },
    tiedHead: false,
    learnedPositions: false,
    bias: false,
    normsPerLayer: 2,
    queryKeyNorm: 'none',
    feedForward: { kind: 'dense', hidden, gated: true },
    ...other,
  };
};

const deepSeekV3: Architecture = llama([61, 7168, 128, 128, 128, 2048, 163_840, 129_280], {
  feedForward: {
    kind: 'mixture',
    experts: 256,
    expertsPerToken: 8,
    sharedExperts: 1,
    hidden: 2048,
    denseLayers: 3,
    denseHidden: 18_432,
    routerBias: true,
  },
  latentAttention: { queryRank: 1536, latent: 512, decoupledKey: 64, keySize: 128, valueSize: 128 },
});

const mixture = (experts: number, expertsPerToken: number, hidden: number): Partial<Architecture> => ({
  feedForward: {
    kind: 'mixture',
    ...{ experts, expertsPerToken, hidden },
    sharedExperts: 0,
    denseLayers: 0,
    denseHidden: 0,
    routerBias: false,
  },
});

const perHead = { queryKeyNorm: 'perHead' } as const;
const tied = { tiedHead: true } as const;

/** A row whose release holds the model alone. `repository` is on Hugging Face. */
function row(
  id: string,
  name: string,
  repository: string,
  architecture: Architecture,
  releasedParameters: number,
  count: string,
  extras: readonly ReleasedExtra[] = [],
): PublishedModel {
  const source = `config.json of ${repository} on Hugging Face`;
  return {
    ...{ id, name, architecture, source, releasedParameters, extras },
    countSource: `${repository}: ${count}`,
  };
}

const trained = 'numbers of the trained tensors (the file has mask buffers besides)';
const bytesOf = (bytes: string): string =>
  `model.safetensors.index.json, total_size ${bytes} of 2-byte values`;
const tensors = 'numbers of all tensors of the safetensors files';

/** The rows, by family. Each total is exact: tests hold it against `releasedParameters`. */
export const publishedModels: readonly PublishedModel[] = [
  row('gpt2', 'GPT-2 124M', 'openai-community/gpt2', gpt2(12, 768, 12), 124_439_808, trained),
  row('gpt2-medium', 'GPT-2 355M', 'openai-community/gpt2-medium', gpt2(24, 1024, 16), 354_823_168, trained),
  row('gpt2-large', 'GPT-2 774M', 'openai-community/gpt2-large', gpt2(36, 1280, 20), 774_030_080, trained),
  row('gpt2-xl', 'GPT-2 1.5B', 'openai-community/gpt2-xl', gpt2(48, 1600, 25), 1_557_611_200, trained),
  row(
    'llama-3-8b',
    'Llama 3 8B',
    'meta-llama/Meta-Llama-3-8B',
    llama([32, 4096, 32, 8, 128, 14_336, 8192, 128_256]),
    8_030_261_248,
    bytesOf('16 060 522 496'),
  ),
  row(
    'llama-3-70b',
    'Llama 3 70B',
    'meta-llama/Meta-Llama-3-70B',
    llama([80, 8192, 64, 8, 128, 28_672, 8192, 128_256]),
    70_553_706_496,
    bytesOf('141 107 412 992'),
  ),
  row(
    'mixtral-8x7b',
    'Mixtral 8x7B',
    'mistralai/Mixtral-8x7B-v0.1',
    llama([32, 4096, 32, 8, 128, 14_336, 32_768, 32_000], mixture(8, 2, 14_336)),
    46_702_792_704,
    bytesOf('93 405 585 408'),
  ),
  row(
    'deepseek-v3',
    'DeepSeek-V3',
    'deepseek-ai/DeepSeek-V3',
    deepSeekV3,
    684_531_386_000,
    'safetensors: 3 918 786 560 BF16, 680 571 043 840 F8_E4M3, 41 555 600 F32',
    [
      {
        what: 'module that predicts one more token, with its copies of embedding and head',
        parameters: multiTokenModule(deepSeekV3),
      },
      { what: 'FP8 scales, one per block of 128x128 weights', parameters: blockScales(deepSeekV3, 1) },
    ],
  ),
  row(
    'gemma-3-27b',
    'Gemma 3 27B',
    'google/gemma-3-27b-pt',
    llama([62, 5376, 32, 16, 128, 21_504, 131_072, 262_208], {
      ...perHead,
      ...tied,
      normsPerLayer: 4,
      windows: { size: 1024, globalEvery: 6 },
    }),
    27_432_406_640,
    bytesOf('54 864 813 280'),
    [{ what: 'vision tower (SigLIP So400m at 896 pixels) and its projector', parameters: siglipTower(5376) }],
  ),
  row(
    'olmo-2-7b',
    'OLMo 2 7B',
    'allenai/OLMo-2-1124-7B',
    llama([32, 4096, 32, 32, 128, 11_008, 4096, 100_352], { queryKeyNorm: 'allHeads' }),
    7_298_617_344,
    tensors,
  ),
  row(
    'qwen3-0.6b',
    'Qwen3 0.6B',
    'Qwen/Qwen3-0.6B',
    llama([28, 1024, 16, 8, 128, 3072, 40_960, 151_936], { ...perHead, ...tied }),
    596_049_920,
    'trained numbers (the file stores the tied head a second time)',
  ),
  row(
    'qwen3-8b',
    'Qwen3 8B',
    'Qwen/Qwen3-8B',
    llama([36, 4096, 32, 8, 128, 12_288, 40_960, 151_936], perHead),
    8_190_735_360,
    bytesOf('16 381 470 720'),
  ),
  row(
    'qwen3-32b',
    'Qwen3 32B',
    'Qwen/Qwen3-32B',
    llama([64, 5120, 64, 8, 128, 25_600, 40_960, 151_936], perHead),
    32_762_123_264,
    bytesOf('65 524 246 528'),
  ),
  row(
    'qwen3-30b-a3b',
    'Qwen3 30B-A3B',
    'Qwen/Qwen3-30B-A3B',
    llama([48, 2048, 32, 4, 128, 768, 40_960, 151_936], { ...perHead, ...mixture(128, 8, 768) }),
    30_532_122_624,
    bytesOf('61 064 245 248'),
  ),
  row(
    'qwen3-235b-a22b',
    'Qwen3 235B-A22B',
    'Qwen/Qwen3-235B-A22B',
    llama([94, 4096, 64, 4, 128, 1536, 40_960, 151_936], { ...perHead, ...mixture(128, 8, 1536) }),
    235_093_634_560,
    bytesOf('470 187 269 120'),
  ),
  row(
    'smollm2-135m',
    'SmolLM2 135M',
    'HuggingFaceTB/SmolLM2-135M',
    llama([30, 576, 9, 3, 64, 1536, 8192, 49_152], tied),
    134_515_008,
    tensors,
  ),
  row(
    'smollm2-360m',
    'SmolLM2 360M',
    'HuggingFaceTB/SmolLM2-360M',
    llama([32, 960, 15, 5, 64, 2560, 8192, 49_152], tied),
    361_821_120,
    tensors,
  ),
  row(
    'smollm2-1.7b',
    'SmolLM2 1.7B',
    'HuggingFaceTB/SmolLM2-1.7B',
    llama([24, 2048, 32, 32, 64, 8192, 8192, 49_152], tied),
    1_711_376_384,
    tensors,
  ),
  row(
    'smollm3-3b',
    'SmolLM3 3B',
    'HuggingFaceTB/SmolLM3-3B',
    llama([36, 2048, 16, 4, 128, 11_008, 65_536, 128_256], tied),
    3_075_098_624,
    bytesOf('6 150 197 248'),
  ),
];

/** A row by its id. */
export function findPublishedModel(id: string): PublishedModel | undefined {
  return publishedModels.find((model) => model.id === id);
}
