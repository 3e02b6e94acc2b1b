// The text of a config.json: Transformers 5 checks types, so that a float is written with a point, and a whole number without.
import type { Plain } from './family.ts';

/** Keys whose numbers are floats in Transformers (test/fixtures/config-keys.json), inside rotations too. */
const floatKeys: ReadonlySet<string> = new Set(
  `attention_dropout attn_pdrop resid_pdrop embd_pdrop hidden_dropout resid_dropout embed_dropout residual_dropout
  embedding_dropout initializer_range layer_norm_epsilon layer_norm_eps norm_epsilon rms_norm_eps
  rope_theta rope_local_base_freq rotary_emb_base rotary_pct partial_rotary_factor factor low_freq_factor high_freq_factor
  attention_factor beta_fast beta_slow mscale mscale_all_dim short_factor long_factor
  router_aux_loss_coef router_jitter_noise routed_scaling_factor final_logit_softcapping attn_logit_softcapping
  embedding_multiplier logits_scaling residual_multiplier attention_multiplier swiglu_limit swiglu_alpha attn_scale`.split(
    /\s+/,
  ),
);

/** Our own block keeps our own types. */
const ownKey = 'flopscope';

/** A configuration as text, indented by two, ended by a line feed. */
export function configText(config: Plain): string {
  return `${write(config, undefined, '')}\n`;
}

function write(value: Plain[string], key: string | undefined, indent: string): string {
  const isFloat = key !== undefined && floatKeys.has(key);
  if (typeof value === 'number') return isFloat ? withPoint(value) : JSON.stringify(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const inner = `${indent}  `;
  const items = Array.isArray(value)
    ? value.map((item) => write(item, key, inner))
    : Object.entries(value).map(
        ([name, item]) => `${JSON.stringify(name)}: ${write(item, key === ownKey ? key : name, inner)}`,
      );
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  if (items.length === 0) return `${open}${close}`;
  return `${open}\n${items.map((item) => `${inner}${item}`).join(',\n')}\n${indent}${close}`;
}

/** JSON has one kind of number; Python reads a float where there is a point or an exponent. */
function withPoint(value: number): string {
  const text = JSON.stringify(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
