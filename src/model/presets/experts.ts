// Miniatures of published mixtures of experts: Qwen3-MoE, and DeepSeek's with latent attention.
import { llamaBlocks, type ModelPreset, miniature } from './training.ts';

/** DeepSeek-V2 to Qwen3-MoE, in the order of their release. */
export const expertPresets: readonly ModelPreset[] = [
  miniature(
    'deepseek-v2-mini',
    'DeepSeek-V2, a miniature',
    'Keys and values come from one small vector a token, and the cache holds only that and one rotated key. The first ' +
      'layer is dense; then each token takes 3 of 16 fine experts and one that all take, weighted by softmax as they are, ' +
      'balanced by a loss. Shrinks DeepSeek-V2-Lite (DeepSeek-AI 2024, arXiv 2405.04434; config.json of ' +
      'deepseek-ai/DeepSeek-V2-Lite: 64 experts, 6 taken, 2 shared, latent 512 and rotated key 64). Surveys leave the ' +
      'rotated key out of the cache: the released model keeps it.',
    {
      layers: 4,
      width: 96,
      heads: 6,
      headSize: 16,
      hidden: 256,
      context: 64,
      ...llamaBlocks,
      normEpsilon: 1e-6,
      attention: 'latent',
      latentSize: 24,
      ropeHeadSize: 8,
      valueHeadSize: 16,
      experts: 16,
      expertsPerToken: 3,
      expertHidden: 64,
      sharedExperts: 1,
      denseLayers: 1,
      routerScore: 'softmax',
      renormalize: false,
      routerScale: 1,
      balanceLoss: 0.001,
    },
  ),
  miniature(
    'deepseek-v3-mini',
    'DeepSeek-V3, a miniature',
    'Balance without a loss: each expert’s bias moves towards equal loads, and counts when experts are chosen but not ' +
      'when they are weighted. Scores are sigmoids, renormalised and times 2.5; queries are compressed too. Shrinks ' +
      'DeepSeek-V3 (DeepSeek-AI 2024, arXiv 2412.19437; config.json of deepseek-ai/DeepSeek-V3: 256 experts, 8 taken, ' +
      '1 shared, latents 512 and 1536). Left out: choosing groups of experts first, predicting two tokens, and the ' +
      'balance loss of 0.0001 within each sequence.',
    {
      layers: 4,
      width: 96,
      heads: 8,
      headSize: 24,
      hidden: 240,
      context: 64,
      ...llamaBlocks,
      normEpsilon: 1e-6,
      attention: 'latent',
      latentSize: 16,
      queryLatentSize: 48,
      ropeHeadSize: 12,
      valueHeadSize: 24,
      experts: 32,
      expertsPerToken: 4,
      expertHidden: 48,
      sharedExperts: 1,
      denseLayers: 1,
      routerScore: 'sigmoid',
      renormalize: true,
      routerScale: 2.5,
      balanceLoss: 0,
      routerBiasRate: 0.001,
    },
  ),
  miniature(
    'qwen3-moe-mini',
    'Qwen3-MoE, a miniature',
    'Many small experts and none shared: 4 of 32 taken, their weights renormalised to sum to one. Heads twice as wide as ' +
      'the model, eight of them for one key/value head, with norms of queries and keys. Shrinks Qwen3-30B-A3B (Qwen Team ' +
      '2025, arXiv 2505.09388; config.json of Qwen/Qwen3-30B-A3B: 128 experts of 768, 8 taken, width 2048, balance loss 0.001).',
    {
      layers: 4,
      width: 96,
      heads: 8,
      keyValueHeads: 1,
      headSize: 24,
      context: 64,
      ...llamaBlocks,
      normEpsilon: 1e-6,
      ropeBase: 1e6,
      queryKeyNorm: 'head',
      experts: 32,
      expertsPerToken: 4,
      expertHidden: 72,
      routerScore: 'softmax',
      renormalize: true,
      balanceLoss: 0.001,
    },
  ),
];
