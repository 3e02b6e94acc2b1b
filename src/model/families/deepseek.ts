// DeepSeek-V2 and V3 in Hugging Face's layout: latent attention, dense layers first, then shared and routed experts.
import type { ModelConfig } from '../config.ts';
import { type ConfigReader, refuse } from '../huggingface/config-reader.ts';
import { checkDropout, readActivation, readRope, writeDecoder } from '../huggingface/decoder.ts';
import type { Family, Plain } from '../huggingface/family.ts';
import { decoderLayout, llamaNorms } from '../huggingface/parts.ts';

/** Where the two versions' defaults in Transformers differ. */
interface Defaults {
  readonly denseLayers: number;
  readonly sharedExperts: number;
  readonly experts: number;
  readonly expertsPerToken?: number;
  readonly expertHidden: number;
  readonly routerScale: number;
  readonly keyValueHeads?: number;
}

/** What a bias that stands still moves by in a step: too little for any score to tell. */
const restingBiasRate = 1e-12;

const names = (bias?: string) => ({
  norms: llamaNorms,
  experts: {
    router: 'mlp.gate',
    expert: 'mlp.experts',
    matrices: ['gate_proj', 'up_proj', 'down_proj'] as const,
    shared: 'mlp.shared_experts',
    ...(bias === undefined ? {} : { bias }),
  },
});

/** DeepSeek-V2 (arXiv 2405.04434; DeepseekV2ForCausalLM): softmax scores, weights as they are. */
export const deepseekV2: Family = {
  type: 'deepseek_v2',
  prefix: 'model.',
  read: (reader) => {
    const base = { denseLayers: 0, sharedExperts: 2, experts: 64, expertHidden: 1407, routerScale: 1 };
    const model = readDeepseek(reader, base);
    // DeepSeek's own code renormalises by this key, Transformers does not.
    reader.only('norm_topk_prob', false, 'is computed one way by DeepSeek and another by Transformers');
    reader.only('scoring_func', 'softmax', 'is not computed by this family');
    reader.ignore('aux_loss_alpha', 'seq_aux'); // losses that Transformers does not add
    if (reader.value('topk_method') === 'group_limited_greedy') checkGroups(reader, [1, 1]);
    else reader.only('topk_method', 'greedy', 'is not known');
    reader.ignore('n_group', 'topk_group');
    return { ...model, routerScore: 'softmax', renormalize: false, balanceLoss: 0 };
  },
  write: (model) => ({
    ...writeDeepseek(model, ['deepseek_v2', 'DeepseekV2']),
    topk_method: 'greedy',
    norm_topk_prob: false,
  }),
  layout: (model, prefix) => decoderLayout(model, prefix, names()),
};

/**
 * DeepSeek-V3 (arXiv 2412.19437; DeepseekV3ForCausalLM): sigmoid scores, with a bias an expert that only chooses. Files say
 * nothing of the bias's rate, and Transformers never moves it, so neither do we unless our own block says so.
 */
export const deepseekV3: Family = {
  type: 'deepseek_v3',
  prefix: 'model.',
  own: ['routerBiasRate'],
  read: (reader) => {
    const base = { denseLayers: 3, sharedExperts: 1, experts: 256, expertsPerToken: 8, expertHidden: 2048 };
    const model = readDeepseek(reader, { ...base, routerScale: 2.5, keyValueHeads: 128 });
    reader.only('scoring_func', 'sigmoid', 'is not computed by this family');
    reader.only('topk_method', 'noaux_tc', 'is not computed by this family');
    reader.only('rope_interleave', true, 'pairs other channels than the published weights');
    reader.only(
      'qk_head_dim',
      (model.headSize ?? 0) + (model.ropeHeadSize ?? 0),
      'is not the sum of its parts',
    );
    reader.ignore('num_nextn_predict_layers'); // layers after the last, which Transformers leaves out
    checkGroups(reader, [8, 4]);
    return {
      ...model,
      routerScore: 'sigmoid',
      renormalize: reader.boolean('norm_topk_prob', true),
      balanceLoss: 0,
      routerBiasRate: restingBiasRate,
    };
  },
  write: (model) => ({
    ...writeDeepseek(model, ['deepseek_v3', 'DeepseekV3']),
    qk_head_dim: model.headSize + model.ropeHeadSize,
    rope_interleave: true,
    n_group: 1,
    topk_group: 1,
    norm_topk_prob: model.renormalize,
  }),
  layout: (model, prefix) => decoderLayout(model, prefix, names('mlp.gate.e_score_correction_bias')),
};

function readDeepseek(reader: ConfigReader, defaults: Defaults): Partial<ModelConfig> {
  const heads = reader.size('num_attention_heads');
  const groups = reader.isNull('num_key_value_heads') ? heads : (defaults.keyValueHeads ?? heads);
  const keyValueHeads = reader.size('num_key_value_heads', groups);
  if (keyValueHeads !== heads)
    refuse(
      `num_key_value_heads ${keyValueHeads} differs from num_attention_heads ${heads}`,
      'Make them equal.',
    );
  const ropeHeadSize = reader.size('qk_rope_head_dim', 64);
  reader.only('head_dim', ropeHeadSize, 'is not qk_rope_head_dim');
  reader.only('moe_layer_freq', 1, 'leaves experts out of some layers');
  reader.only('rms_norm_eps', 1e-6, 'is another than that of the norms of latents, 1e-6');
  checkDropout(reader);
  return {
    layers: reader.size('num_hidden_layers'),
    width: reader.size('hidden_size'),
    heads,
    context: reader.size('max_position_embeddings'),
    vocabulary: reader.size('vocab_size'),
    hidden: reader.size('intermediate_size'),
    headSize: reader.size('qk_nope_head_dim', 128),
    attention: 'latent',
    latentSize: reader.size('kv_lora_rank', 512),
    queryLatentSize: reader.isNull('q_lora_rank') ? 0 : reader.size('q_lora_rank', 1536),
    ropeHeadSize,
    valueHeadSize: reader.size('v_head_dim', 128),
    norm: 'rmsNorm',
    normEpsilon: 1e-6,
    position: 'rope',
    ...readRope(reader, { ropeBase: 10000 }),
    activation: readActivation(reader, 'hidden_act', 'silu'),
    gated: true,
    bias: false,
    tiedHead: reader.boolean('tie_word_embeddings', false),
    experts: reader.size('n_routed_experts', defaults.experts),
    expertsPerToken: reader.size('num_experts_per_tok', defaults.expertsPerToken),
    expertHidden: reader.size('moe_intermediate_size', defaults.expertHidden),
    sharedExperts: reader.size('n_shared_experts', defaults.sharedExperts),
    denseLayers: reader.size('first_k_dense_replace', defaults.denseLayers, 0),
    routerScale: reader.number('routed_scaling_factor', defaults.routerScale),
  };
}

/** Tokens may take experts of some groups only: not computed here, unless the groups are all. */
function checkGroups(reader: ConfigReader, [groups, taken]: readonly [number, number]): void {
  const all = reader.size('n_group', groups);
  const some = reader.size('topk_group', taken);
  if (some < all) {
    refuse(
      `n_group ${all} with topk_group ${some} limits a token to experts of ${some} groups, which is not computed here`,
      'Only topk_group = n_group is.',
    );
  }
}

function writeDeepseek(model: ModelConfig, type: readonly [string, string]): Plain {
  const shared = (model.sharedExperts * model.sharedHidden) / model.expertHidden;
  return {
    ...writeDecoder(model, type),
    num_key_value_heads: model.heads,
    head_dim: model.ropeHeadSize,
    qk_rope_head_dim: model.ropeHeadSize,
    qk_nope_head_dim: model.headSize,
    v_head_dim: model.valueHeadSize,
    kv_lora_rank: model.latentSize,
    q_lora_rank: model.queryLatentSize || null,
    n_routed_experts: model.experts,
    num_experts_per_tok: model.expertsPerToken,
    moe_intermediate_size: model.expertHidden,
    n_shared_experts: shared,
    first_k_dense_replace: model.denseLayers,
    routed_scaling_factor: model.routerScale,
  };
}
