// Published models as rows of data: configuration, its source, and the count of the released weights.
import type { Architecture } from './architecture.ts';
import { deepSeekV3, gpt2, type LlamaSizes, llama, llama4, mixture } from './published-architectures.ts';
import { blockScales, llama4Vision, multiTokenModule, siglipTower } from './released-extras.ts';

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
  /** Numbers in the released weights: total of `architecture` and of `extras`, to the last one; undefined where none were. */
  readonly releasedParameters?: number;
  /** Where that count stands, or that there is none. */
  readonly countSource: string;
  readonly extras: readonly ReleasedExtra[];
}

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
    id,
    name,
    architecture,
    source,
    releasedParameters,
    extras,
    countSource: `${repository}: ${count}`,
  };
}

/** A row of Table 1 of arXiv 2510.18245, whose models are trained as Llama 3.2 is built but were not released. */
function found(id: string, name: string, sizes: LlamaSizes): PublishedModel {
  const source =
    'arXiv 2510.18245 (Bian et al. 2025), Table 1; heads of 64 and 128 channels by section 3.1, their number by its ratio r; ' +
    'vocabulary and tied head of Llama 3.2; n as served, 4096 + 1024';
  const countSource = 'the weights were not released';
  return { id, name, architecture: llama(sizes, tied), source, countSource, extras: [] };
}

const trained = 'numbers of the trained tensors (the file has mask buffers besides)';
const bytesOf = (bytes: string): string =>
  `model.safetensors.index.json, total_size ${bytes} of 2-byte values`;
const llama4Extras = [
  {
    what: 'vision tower (34 layers of 1408 at 336 pixels), its adapter and projector',
    parameters: llama4Vision,
  },
];
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
    'llama-3-405b',
    'Llama 3.1 405B',
    'meta-llama/Llama-3.1-405B',
    llama([126, 16_384, 128, 8, 128, 53_248, 131_072, 128_256]),
    405_853_388_800,
    bytesOf('811 706 777 600'),
  ),
  row(
    'llama-3.2-1b',
    'Llama 3.2 1B',
    'meta-llama/Llama-3.2-1B',
    llama([16, 2048, 32, 8, 64, 8192, 131_072, 128_256], tied),
    1_235_814_400,
    tensors,
  ),
  row(
    'llama-3.2-3b',
    'Llama 3.2 3B',
    'meta-llama/Llama-3.2-3B',
    llama([28, 3072, 24, 8, 128, 8192, 131_072, 128_256], tied),
    3_212_749_824,
    bytesOf('6 425 499 648'),
  ),
  found('panda-1b', 'Panda-1B', [16, 2560, 72, 18, 64, 4096, 5120, 128_256]),
  found('surefire-1b', 'Surefire-1B', [16, 2560, 36, 4, 64, 6144, 5120, 128_256]),
  found('panda-3b', 'Panda-3B', [28, 4096, 36, 12, 128, 4096, 5120, 128_256]),
  found('surefire-3b', 'Surefire-3B', [28, 4096, 42, 6, 128, 4096, 5120, 128_256]),
  row(
    'llama-4-scout',
    'Llama 4 Scout',
    'meta-llama/Llama-4-Scout-17B-16E-Instruct',
    llama4(16, 1, 10_485_760),
    108_641_793_536,
    bytesOf('217 283 587 072'),
    llama4Extras,
  ),
  row(
    'llama-4-maverick',
    'Llama 4 Maverick',
    'meta-llama/Llama-4-Maverick-17B-128E-Instruct',
    llama4(128, 2, 1_048_576),
    401_583_781_376,
    bytesOf('803 167 562 752'),
    llama4Extras,
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
    'qwen3-1.7b',
    'Qwen3 1.7B',
    'Qwen/Qwen3-1.7B',
    llama([28, 2048, 16, 8, 128, 6144, 40_960, 151_936], { ...perHead, ...tied }),
    1_720_574_976,
    'trained numbers (the files store the tied head a second time)',
  ),
  row(
    'qwen3-4b',
    'Qwen3 4B',
    'Qwen/Qwen3-4B',
    llama([36, 2560, 32, 8, 128, 9728, 40_960, 151_936], { ...perHead, ...tied }),
    4_022_468_096,
    bytesOf('8 044 936 192'),
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
