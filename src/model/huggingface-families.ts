// The published families that are read and written, in the order in which a layout is chosen.
import { deepseekV2, deepseekV3 } from './huggingface-deepseek.ts';
import type { Family } from './huggingface-family.ts';
import { gemma3 } from './huggingface-gemma3.ts';
import { gpt2 } from './huggingface-gpt2.ts';
import { llama } from './huggingface-llama.ts';
import { mistral } from './huggingface-mistral.ts';
import { mixtral } from './huggingface-mixtral.ts';
import { olmo2 } from './huggingface-olmo2.ts';
import { qwen3 } from './huggingface-qwen3.ts';
import { qwen3Moe } from './huggingface-qwen3-moe.ts';
import { smollm3 } from './huggingface-smollm3.ts';

/** A model is written in the first that can say it; those that compute the same name their tensors alike. */
export const families: readonly Family[] = [
  gpt2,
  llama,
  mistral,
  mixtral,
  qwen3,
  qwen3Moe,
  gemma3,
  olmo2,
  smollm3,
  deepseekV2,
  deepseekV3,
];
