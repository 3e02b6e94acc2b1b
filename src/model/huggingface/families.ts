// The published families that are read and written, in the order in which a layout is chosen.
import { deepseekV2, deepseekV3 } from '../families/deepseek.ts';
import { gemma2 } from '../families/gemma2.ts';
import { gemma3 } from '../families/gemma3.ts';
import { gptNeo } from '../families/gpt-neo.ts';
import { gptNeoX } from '../families/gpt-neox.ts';
import { gpt2 } from '../families/gpt2.ts';
import { granite } from '../families/granite.ts';
import { llama } from '../families/llama.ts';
import { llama4 } from '../families/llama4.ts';
import { mistral } from '../families/mistral.ts';
import { mixtral } from '../families/mixtral.ts';
import { olmo2 } from '../families/olmo2.ts';
import { olmo3 } from '../families/olmo3.ts';
import { phi3 } from '../families/phi3.ts';
import { qwen2 } from '../families/qwen2.ts';
import { qwen3 } from '../families/qwen3.ts';
import { qwen3Moe } from '../families/qwen3-moe.ts';
import { smollm3 } from '../families/smollm3.ts';
import { starcoder2 } from '../families/starcoder2.ts';
import type { Family } from './family.ts';

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
  qwen2,
  gemma2,
  olmo3,
  gptNeo,
  gptNeoX,
  granite,
  starcoder2,
  phi3,
  llama4,
];
