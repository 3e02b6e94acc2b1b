// The golden models that Transformers wrote, one or more a family.

/** Folders of test/fixtures. */
export const familyFixtures = [
  ...['gpt2-a', 'llama-b', 'mistral', 'mixtral', 'qwen3', 'qwen3-moe'],
  ...['gemma3', 'olmo2', 'smollm3', 'deepseek-v2', 'deepseek-v3'],
] as const;
