// Miniatures of published dense models: proportions, norms, positions and windows as released, a few layers wide enough to learn.
import { llamaBlocks, type ModelPreset, miniature } from './training.ts';

/** GPT-2 to SmolLM3, in the order of their release. */
export const densePresets: readonly ModelPreset[] = [
  miniature(
    'gpt2-mini',
    'GPT-2, a miniature',
    'The model that the others changed: learned positions, LayerNorm before each part, GELU, biases everywhere, a tied ' +
      'head and dropout of 0.1. Shrinks GPT-2 124M (Radford et al. 2019; config.json of openai-community/gpt2: ' +
      '12 layers of 768) to 4 layers of 96.',
    {
      layers: 4,
      width: 96,
      heads: 3,
      context: 64,
      norm: 'layerNorm',
      normEpsilon: 1e-5,
      position: 'learned',
      activation: 'geluTanh',
      gated: false,
      bias: true,
      tiedHead: true,
      dropout: 0.1,
    },
  ),
  miniature(
    'llama3-mini',
    'Llama 3, a miniature',
    'What most open models build on: rotary positions with a long base, RMSNorm, SwiGLU of 3.5 · width, one key/value ' +
      'head for four query heads, no biases, a head of its own. Shrinks Llama 3 8B (Meta 2024; config.json of ' +
      'meta-llama/Meta-Llama-3-8B: 32 layers of 4096, heads 32 / 8).',
    {
      layers: 4,
      width: 96,
      heads: 4,
      keyValueHeads: 1,
      hidden: 336,
      context: 64,
      ...llamaBlocks,
      ropeBase: 500_000,
    },
  ),
  miniature(
    'mistral-mini',
    'Mistral, a miniature',
    'Every layer sees only the last 32 tokens, yet four layers on top of each other reach back over 124: the cache ' +
      'stays at 32 rows whatever the context. Shrinks Mistral 7B (Jiang et al. 2023, arXiv 2310.06825; window 4096, ' +
      'whose 32 layers reach over 131 000).',
    {
      layers: 4,
      width: 96,
      heads: 4,
      keyValueHeads: 1,
      hidden: 336,
      context: 128,
      ...llamaBlocks,
      windowPattern: 'L',
      window: 32,
    },
  ),
  miniature(
    'gemma3-mini',
    'Gemma 3, a miniature',
    'Five local layers for each global one, with a rotary base each; norms before and after every part, multiplying by ' +
      '1 + w; norms of queries and keys; GEGLU; embeddings times √width. Shrinks Gemma 3 27B (Gemma Team 2025, ' +
      'arXiv 2503.19786; config.json of google/gemma-3-27b-pt) 64 times in width, so that heads stay narrower than ' +
      'width / heads and scores are divided by √(width / heads) as there. Its window is 1024 of 131 072 tokens, not the ' +
      '4096 that surveys name. Left out: positions divided by 8 in global layers, for contexts longer than trained.',
    {
      layers: 6,
      width: 84,
      heads: 4,
      keyValueHeads: 2,
      headSize: 16,
      hidden: 336,
      context: 128,
      ...llamaBlocks,
      normEpsilon: 1e-6,
      normPlacement: 'sandwich',
      normOffset: true,
      embeddingScale: 'sqrtWidth',
      activation: 'geluTanh',
      tiedHead: true,
      queryKeyNorm: 'head',
      attentionScale: (84 / 4) ** -0.5,
      windowPattern: 'LLLLLG',
      window: 32,
      ropeBase: 1e6,
      localRopeBase: 10_000,
    },
  ),
  miniature(
    'olmo2-mini',
    'OLMo 2, a miniature',
    'Norms stand on the branch, x + norm(f(x)), and queries and keys are normed over all heads together, which keeps ' +
      'training steady. As many key/value heads as heads. Shrinks OLMo 2 7B (Team OLMo 2024, arXiv 2501.00656; ' +
      'config.json of allenai/OLMo-2-1124-7B). Surveys print another formula, norm(x) + f(norm(x)): the released model ' +
      'wins. Norm placement “stream” is that one, “hybrid” a third, norm(x + f(norm(x))).',
    {
      layers: 4,
      width: 96,
      heads: 4,
      hidden: 256,
      context: 64,
      ...llamaBlocks,
      normEpsilon: 1e-6,
      ropeBase: 500_000,
      normPlacement: 'branch',
      queryKeyNorm: 'all',
    },
  ),
  miniature(
    'smollm2-mini',
    'SmolLM2, a miniature',
    'Deep and thin: eight layers of 72 channels for the parameters of four of 96, a tied head, three query heads for one ' +
      'key/value head. Shrinks SmolLM2 135M (Allal et al. 2025, arXiv 2502.02737; config.json of ' +
      'HuggingFaceTB/SmolLM2-135M: 30 layers of 576, heads 9 / 3). The sizes 135M, 360M and 1.7B are SmolLM2’s, not SmolLM3’s.',
    {
      layers: 8,
      width: 72,
      heads: 3,
      keyValueHeads: 1,
      hidden: 192,
      context: 64,
      ...llamaBlocks,
      ropeBase: 100_000,
      tiedHead: true,
    },
  ),
  miniature(
    'qwen3-mini',
    'Qwen3, a miniature',
    'Each head’s queries and keys are normed before they are rotated, and heads together are twice as wide as the model. ' +
      'Two query heads share a key/value head. Shrinks Qwen3 0.6B (Qwen Team 2025, arXiv 2505.09388; config.json of ' +
      'Qwen/Qwen3-0.6B: 28 layers of 1024, heads 16 / 8 of 128, feed-forward 3 · width).',
    {
      layers: 4,
      width: 96,
      heads: 4,
      keyValueHeads: 2,
      headSize: 48,
      hidden: 288,
      context: 64,
      ...llamaBlocks,
      normEpsilon: 1e-6,
      ropeBase: 1e6,
      tiedHead: true,
      queryKeyNorm: 'head',
    },
  ),
  miniature(
    'smollm3-mini',
    'SmolLM3, a miniature',
    'Every fourth layer has no positions at all (NoPE): what it sees has no order but the causal one. Four query heads ' +
      'share a key/value head. Shrinks SmolLM3 3B (Bakouch et al. 2025; config.json of HuggingFaceTB/SmolLM3-3B: ' +
      '36 layers of 2048, heads 16 / 4, feed-forward 11 008), whose size is 3B alone.',
    {
      layers: 4,
      width: 96,
      heads: 4,
      keyValueHeads: 1,
      hidden: 512,
      context: 64,
      ...llamaBlocks,
      normEpsilon: 1e-6,
      ropeBase: 5e6,
      tiedHead: true,
      positionPattern: 'RRRN',
    },
  ),
];
