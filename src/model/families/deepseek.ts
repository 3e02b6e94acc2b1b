// DeepSeek-V2 and V3 in Hugging Face's layout: latent attention, dense layers first, then shared and routed experts.
import { significant } from '../../text/rounding.ts';
import type { ModelConfig } from '../config.ts';
import { isRecord } from '../fields/check.ts';
import { type ConfigReader, refuse } from '../huggingface/config-reader.ts';
import { headsDivideWidth, noteDropout, readActivation, writeDecoder } from '../huggingface/decoder.ts';
import { decoderLayout, llamaNorms } from '../huggingface/decoder-layout.ts';
import type { Family, Plain } from '../huggingface/family.ts';
import { readRope } from '../huggingface/rope.ts';
import { writeScaling, yarnScale } from '../huggingface/rotation.ts';

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

const namesWith = (bias?: string) => ({
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
  opens: headsDivideWidth,
  prefix: 'model.',
  spellings: { n_routed_experts: ['num_experts', 'num_local_experts'] },
  read: (reader) => {
    const base = { denseLayers: 0, sharedExperts: 2, experts: 64, expertHidden: 1407, routerScale: 1 };
    const model = readDeepseek(reader, base);
    // DeepSeek's own code renormalises by this key, Transformers does not.
    reader.only('norm_topk_prob', false, 'is computed one way by DeepSeek and another by Transformers');
    reader.only('scoring_func', 'softmax', 'is not computed by this family');
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
  layout: (model, names) => decoderLayout(model, names, namesWith()),
};

/**
 * DeepSeek-V3 (arXiv 2412.19437; DeepseekV3ForCausalLM): sigmoid scores, with a bias an expert that only chooses. Files say
 * nothing of the bias's rate, and Transformers never moves it, so neither do we unless our own block says so.
 */
export const deepseekV3: Family = {
  type: 'deepseek_v3',
  prefix: 'model.',
  spellings: { n_routed_experts: ['num_experts', 'num_local_experts'] },
  own: ['routerBiasRate'],
  read: (reader) => {
    const base = { denseLayers: 3, sharedExperts: 1, experts: 256, expertsPerToken: 8, expertHidden: 2048 };
    const model = readDeepseek(reader, { ...base, routerScale: 2.5, keyValueHeads: 128 });
    reader.only('scoring_func', 'sigmoid', 'is not computed by this family');
    reader.only('topk_method', 'noaux_tc', 'is not computed by this family');
    reader.only('rope_interleave', true, 'pairs other channels than the published weights');
    reader.ignore('num_nextn_predict_layers', 'num_mtp_layers'); // layers after the last, which Transformers leaves out
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
    rope_interleave: true,
    n_group: 1,
    topk_group: 1,
    norm_topk_prob: model.renormalize,
  }),
  layout: (model, names) => decoderLayout(model, names, namesWith('mlp.gate.e_score_correction_bias')),
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
  noteDropout(reader, 'attention_dropout');
  const headSize = reader.size('qk_nope_head_dim', 128);
  reader.only('qk_head_dim', headSize + ropeHeadSize, 'is not the sum of its parts');
  const context = reader.size('max_position_embeddings');
  const rope = readRope(reader, { ropeBase: 10000 }, { context, headSize: ropeHeadSize });
  return {
    layers: reader.size('num_hidden_layers'),
    width: reader.size('hidden_size'),
    heads,
    context,
    vocabulary: reader.size('vocab_size'),
    hidden: reader.size('intermediate_size'),
    headSize,
    attention: 'latent',
    latentSize: reader.size('kv_lora_rank', 512),
    queryLatentSize: reader.isNull('q_lora_rank') ? 0 : reader.size('q_lora_rank', 1536),
    ropeHeadSize,
    valueHeadSize: reader.size('v_head_dim', 128),
    norm: 'rmsNorm',
    normEpsilon: 1e-6,
    position: 'rope',
    ...rope,
    ...readScoreScale(reader, rope.ropeScalingFactor ?? 1, headSize + ropeHeadSize),
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

/** With YaRN, scores of whole queries are scaled too, by the square of what `mscale_all_dim` gives (DeepSeek-AI's release). */
function readScoreScale(
  reader: ConfigReader,
  factor: number,
  size: number,
): Pick<ModelConfig, 'attentionScale'> {
  const dicts = ['rope_parameters', 'rope_scaling'].map((key) => reader.value(key)).filter(isRecord);
  const all = dicts.map((dict) => dict.mscale_all_dim).find((value) => typeof value === 'number') ?? 0;
  return { attentionScale: all === 0 ? 0 : yarnScale(factor, all) ** 2 / Math.sqrt(size) };
}

/** The `mscale_all_dim` that scales scores as a model does. */
function writeScoreScale(model: ModelConfig): Plain {
  const { attentionScale, headSize, ropeHeadSize, ropeScaling, ropeScalingFactor: factor } = model;
  if (attentionScale === 0 || ropeScaling !== 'yarn' || factor === 1) return {};
  const scale = Math.sqrt(attentionScale * Math.sqrt(headSize + ropeHeadSize));
  const all = significant((scale - 1) / (0.1 * Math.log(factor)), 12);
  return { rope_scaling: { ...writeScaling(model), mscale_all_dim: all } };
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
    ...writeScoreScale(model),
    num_key_value_heads: model.heads,
    head_dim: model.ropeHeadSize,
    qk_rope_head_dim: model.ropeHeadSize,
    qk_nope_head_dim: model.headSize,
    v_head_dim: model.valueHeadSize,
    qk_head_dim: model.headSize + model.ropeHeadSize,
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
