// Small public models to begin with: facts of their pages, of families and tokenizers that are read here.
import type { KnownModel } from '../../contract/hub.ts';

/**
 * Files and sizes are those that the pages at huggingface.co list (seen in stored copies of 2023 to 2025). No hub could be
 * reached where this list was made: none of these files was fetched, only the same families with weights of our own, and
 * SmolLM2-135M-Instruct from a disk.
 */
export const knownModels: readonly KnownModel[] = [
  {
    name: 'nickypro/tinyllama-15M',
    bytes: 30.4e6,
    teaches:
      'llama, 15 M parameters on TinyStories: how small a model may be and still tell a story. Tokens fall back to bytes.',
  },
  {
    name: 'EleutherAI/pythia-14m',
    bytes: 53.3e6,
    teaches:
      'gpt_neox, the smallest of a suite trained on the same text in the same order: attention beside the feed-forward, a quarter of each head rotated.',
  },
  {
    name: 'roneneldan/TinyStories-3M@refs/pr/1',
    bytes: 66.7e6,
    teaches:
      'gpt_neo, the paper’s own stories: layers with and without a window in turn. Its safetensors are in a proposed change, which the revision names.',
  },
  {
    name: 'HuggingFaceTB/SmolLM2-135M',
    bytes: 269e6,
    teaches:
      'llama of 2024, 30 thin layers, nine query heads over three of keys: what 2 T tokens make of 135 M parameters. BF16.',
  },
  {
    name: 'HuggingFaceTB/SmolLM2-135M-Instruct',
    bytes: 269e6,
    teaches: 'the same, tuned to answer: compare how both go on with a question.',
  },
  {
    name: 'distilbert/distilgpt2',
    bytes: 353e6,
    teaches: 'gpt2 with half the layers, taught by the whole: learned positions, LayerNorm with biases.',
  },
];
