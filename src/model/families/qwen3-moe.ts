// Qwen3-MoE in Hugging Face's layout: Qwen3 whose feed-forward parts are experts in some layers.
import type { ModelConfig } from '../config.ts';
import { expertLayers, hasExperts } from '../experts-config.ts';
import { type ConfigReader, refuse } from '../huggingface/config-reader.ts';
import { readDecoder, writeDecoder } from '../huggingface/decoder.ts';
import { decoderLayout, llamaNorms } from '../huggingface/decoder-layout.ts';
import { expertInterval, readAuxiliaryLoss } from '../huggingface/experts.ts';
import type { Family } from '../huggingface/family.ts';
import { localLayers, readWindow, readWindows } from '../huggingface/windows.ts';

const biases = ['attention'] as const;

/** Qwen3-MoE (Qwen Team 2025; Qwen3MoeForCausalLM). */
export const qwen3Moe: Family = {
  type: 'qwen3_moe',
  prefix: 'model.',
  spellings: { num_experts: ['num_local_experts'] },
  read: (reader) => {
    const decoder = readDecoder(reader, { normEpsilon: 1e-6, ropeBase: 10000, keyValueHeads: 4, biases });
    const isUsed = reader.boolean('use_sliding_window', false);
    reader.ignore('max_window_layers', ...(isUsed ? [] : ['sliding_window']));
    return {
      ...decoder,
      queryKeyNorm: 'head',
      ...readWindows('L', isUsed ? readWindow(reader, 4096) : undefined),
      ...readAuxiliaryLoss(reader),
      ...readExpertLayers(reader),
      experts: reader.size('num_experts', 128),
      expertsPerToken: reader.size('num_experts_per_tok', 8),
      expertHidden: reader.size('moe_intermediate_size', 768),
      routerScore: 'softmax',
      renormalize: reader.boolean('norm_topk_prob', false),
    };
  },
  write: (model) => ({
    ...writeDecoder(model, ['qwen3_moe', 'Qwen3Moe'], { biases }),
    use_sliding_window: localLayers(model).includes(true),
    sliding_window: localLayers(model).includes(true) ? model.window : null,
    ...writeExpertLayers(model),
    num_experts: model.experts,
    num_experts_per_tok: model.expertsPerToken,
    moe_intermediate_size: model.expertHidden,
    norm_topk_prob: model.renormalize,
    output_router_logits: false,
    router_aux_loss_coef: model.balanceLoss,
  }),
  layout: (model, names) =>
    decoderLayout(model, names, {
      norms: llamaNorms,
      experts: {
        router: 'mlp.gate',
        expert: 'mlp.experts',
        matrices: ['gate_proj', 'up_proj', 'down_proj'],
      },
    }),
};

/** Every `decoder_sparse_step`-th layer has experts, but those of `mlp_only_layers`. */
function readExpertLayers(reader: ConfigReader): Partial<ModelConfig> {
  const layers = reader.size('num_hidden_layers');
  const step = reader.size('decoder_sparse_step', 1);
  const dense = reader.value('mlp_only_layers') ?? [];
  if (!Array.isArray(dense) || !dense.every((layer) => Number.isInteger(layer)))
    refuse('mlp_only_layers is no list of layers', 'Give one.');
  const has = [...Array(layers).keys()].map((layer) => (layer + 1) % step === 0 && !dense.includes(layer));
  const found = expertInterval(has);
  if (!found) {
    const shown = dense.slice(0, 8).join(', ');
    refuse(
      `mlp_only_layers [${shown}] with decoder_sparse_step ${step} leaves experts in no layer, or in uneven ones`,
      'Experts are computed in every n-th layer after the dense ones.',
    );
  }
  return found;
}

function writeExpertLayers(model: ModelConfig) {
  if (model.denseLayers === 0) return { decoder_sparse_step: model.moeInterval, mlp_only_layers: [] };
  const dense = [...Array(model.layers).keys()].filter((layer) => !hasExperts(model, layer));
  return { decoder_sparse_step: 1, mlp_only_layers: expertLayers(model).length === 0 ? [] : dense };
}
