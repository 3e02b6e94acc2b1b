// Mixtral in Hugging Face's layout: Mistral with experts in every layer.
import { readDecoder, writeDecoder } from '../huggingface/decoder.ts';
import { decoderLayout, llamaNorms } from '../huggingface/decoder-layout.ts';
import { noteTraining, readAuxiliaryLoss } from '../huggingface/experts.ts';
import type { Family } from '../huggingface/family.ts';
import { localLayers, readWindow, readWindows } from '../huggingface/windows.ts';

/** Mixtral 8x7B (Jiang et al. 2024; MixtralForCausalLM): softmax over all experts, the chosen weights renormalised. */
export const mixtral: Family = {
  type: 'mixtral',
  prefix: 'model.',
  spellings: { num_local_experts: ['num_experts'] },
  read: (reader) => {
    const decoder = readDecoder(reader, { normEpsilon: 1e-5, ropeBase: 1e6, keyValueHeads: 8 });
    noteTraining(reader, 'router_jitter_noise', 'multiplies what goes into experts by noise');
    return {
      ...decoder,
      ...readWindows('L', readWindow(reader)),
      ...readAuxiliaryLoss(reader),
      experts: reader.size('num_local_experts', 8),
      expertsPerToken: reader.size('num_experts_per_tok', 2),
      expertHidden: reader.size('intermediate_size'),
      routerScore: 'softmax',
      renormalize: true,
    };
  },
  write: (model) => ({
    ...writeDecoder(model, ['mixtral', 'Mixtral']),
    intermediate_size: model.expertHidden,
    sliding_window: localLayers(model).includes(true) ? model.window : null,
    num_local_experts: model.experts,
    num_experts_per_tok: model.expertsPerToken,
    output_router_logits: false,
    router_aux_loss_coef: model.balanceLoss,
    router_jitter_noise: 0,
  }),
  layout: (model, names) =>
    decoderLayout(model, names, {
      norms: llamaNorms,
      experts: {
        router: 'block_sparse_moe.gate',
        expert: 'block_sparse_moe.experts',
        matrices: ['w1', 'w3', 'w2'],
      },
    }),
};
