// The golden models that Transformers wrote, one or more a family.

/** Folders of test/fixtures that make-families.py writes with Transformers 5. */
export const goldenFamilies = [
  ...['llama3', 'llama-dynamic', 'qwen2', 'gemma2', 'olmo3', 'gpt-neo', 'gpt-neox', 'phi3', 'granite'],
  ...['starcoder2', 'llama4'],
] as const;

/** Folders of test/fixtures of all families. */
export const familyFixtures = [
  ...['gpt2-a', 'llama-b', 'mistral', 'mixtral', 'qwen3', 'qwen3-moe'],
  ...['gemma3', 'olmo2', 'smollm3', 'deepseek-v2', 'deepseek-v3'],
  ...goldenFamilies,
] as const;
