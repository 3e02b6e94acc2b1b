// Reads from a published config.json what its model's cache of keys and values holds. Everything else in the file is ignored.
import { refuseInput } from './assumptions.ts';
import { type CacheEntry, type CacheLayout, withWindows } from './kv-cache.ts';

/** A cache, and the context that the model was made for. */
export interface ConfiguredCache {
  readonly layout: CacheLayout;
  readonly context: number;
}

type Config = Readonly<Record<string, unknown>>;

/** What a type of model says of windows when its file does not. */
interface ModelType {
  /** Every so many-th layer is global, the others slide. */
  readonly globalEvery?: number;
  /** Layers that are not global see chunks, of `attention_chunk_size`; which ones, `no_rope_layers` may say: 0 is global. */
  readonly isChunked?: boolean;
  /** The window is used only where `use_sliding_window` is true. */
  readonly isWindowOptional?: boolean;
  /** Sizes that Transformers assumes where the file leaves them out. */
  readonly defaults?: Config;
}

/** Types whose caches are known here; a type that is not could keep something else, and is refused. */
const modelTypes: Readonly<Record<string, ModelType>> = {
  ...Object.fromEntries(
    ['llama', 'mixtral', 'olmo', 'olmo2', 'gemma', 'phi3', 'gpt_neox', 'stablelm'].map((type) => [type, {}]),
  ),
  mistral: {},
  qwen2: { isWindowOptional: true },
  qwen2_moe: { isWindowOptional: true },
  qwen3: { isWindowOptional: true },
  qwen3_moe: { isWindowOptional: true },
  smollm3: { isWindowOptional: true },
  olmo3: { globalEvery: 4 },
  gpt_oss: { globalEvery: 2, defaults: { head_dim: 64, sliding_window: 128 } },
  gemma2: { globalEvery: 2, defaults: { head_dim: 256, sliding_window: 4096 } },
  gemma3_text: {
    globalEvery: 6,
    defaults: {
      head_dim: 256,
      sliding_window: 4096,
      num_attention_heads: 8,
      num_key_value_heads: 4,
      max_position_embeddings: 131_072,
    },
  },
  deepseek_v2: {},
  deepseek_v3: {},
  llama4_text: {
    globalEvery: 4,
    isChunked: true,
    defaults: { head_dim: 128, num_key_value_heads: 8, attention_chunk_size: 8192 },
  },
};

/** Models of text and pictures, which keep their language model's configuration inside, and its type. */
const textTypes: Readonly<Record<string, string>> = { gemma3: 'gemma3_text', llama4: 'llama4_text' };

/** Whether a JSON value is a config.json of this kind, and not a configuration of ours. */
export function isPublishedConfig(json: unknown): json is Config {
  return isObject(json) && Object.hasOwn(json, 'model_type');
}

/** Whether `readCacheConfig` knows what models of this `model_type` keep. */
export function isKnownCache(type: unknown): boolean {
  return type === 'gpt2' || [modelTypes, textTypes].some((types) => Object.hasOwn(types, String(type)));
}

/**
 * The cache that a config.json describes: GPT-2, Llama and its relatives, windows, chunks, DeepSeek's latent attention.
 * @throws an ImpossibleInputError in one sentence that names the key.
 */
export function readCacheConfig(json: unknown): ConfiguredCache {
  if (!isPublishedConfig(json)) {
    refuseInput("config.json: model_type is missing. Give a model's configuration.");
  }
  const textType = textTypes[String(json.model_type)];
  if (isObject(json.text_config) && textType !== undefined) {
    return readCacheConfig({ model_type: textType, ...json.text_config });
  }
  if (json.model_type === 'gpt2') return readGpt2(json);
  const type = String(json.model_type);
  if (!Object.hasOwn(modelTypes, type)) {
    const known = ['gpt2', ...Object.keys(textTypes), ...Object.keys(modelTypes)].sort().join(', ');
    refuseInput(
      `config.json: model_type ${JSON.stringify(type.slice(0, 40))} is not known. Known: ${known}.`,
    );
  }
  return readDecoder(json, modelTypes[type]);
}

function readGpt2(config: Config): ConfiguredCache {
  const heads = size(config, 'n_head');
  const width = size(config, 'n_embd');
  const headSize = divided(width, heads, 'n_embd', 'n_head');
  const entry: CacheEntry = { kind: 'heads', keyValueHeads: heads, headSize };
  const groups = [{ layers: size(config, 'n_layer'), entry }];
  return { layout: { heads, headSize, groups }, context: size(config, 'n_positions', 1024) };
}

function readDecoder(given: Config, type: ModelType): ConfiguredCache {
  const config = { ...type.defaults, ...withoutNulls(given) };
  const layers = size(config, 'num_hidden_layers');
  const heads = size(config, 'num_attention_heads');
  const context = size(config, 'max_position_embeddings');
  const layout = Object.hasOwn(config, 'kv_lora_rank')
    ? latentLayout(config, layers, heads)
    : headsLayout(config, layers, heads);
  // A window of null is none, though an absent one is the type's own.
  const hasNoWindow = given[type.isChunked ? 'attention_chunk_size' : 'sliding_window'] === null;
  if (hasNoWindow) return { layout, context };
  return { layout: type.isChunked ? chunk(config, type, layout) : slide(config, type, layout), context };
}

/** A layer's chunk keeps no more tokens than it is long. */
function chunk(config: Config, { globalEvery = 4 }: ModelType, layout: CacheLayout): CacheLayout {
  const tokens = size(config, 'attention_chunk_size');
  const types = config.layer_types;
  if (types !== undefined) return slideByList(types, layout, tokens, 'chunked_attention');
  const rotates = config.no_rope_layers;
  if (!Array.isArray(rotates) || rotates.length === 0) {
    const every = size(config, 'no_rope_layer_interval', globalEvery);
    return withWindows(layout, tokens, every);
  }
  const names = rotates.map((value) => (value === 0 ? 'full_attention' : 'chunked_attention'));
  return slideByList(names, layout, tokens, 'chunked_attention', 'no_rope_layers');
}

function headsLayout(config: Config, layers: number, heads: number): CacheLayout {
  const headSize = Object.hasOwn(config, 'head_dim')
    ? size(config, 'head_dim')
    : divided(size(config, 'hidden_size'), heads, 'hidden_size', 'num_attention_heads');
  const keyValueHeads = size(config, 'num_key_value_heads', heads);
  if (heads % keyValueHeads !== 0) {
    refuseInput(
      `config.json: num_key_value_heads ${keyValueHeads} does not divide num_attention_heads ${heads}. Correct one.`,
    );
  }
  return { heads, headSize, groups: [{ layers, entry: { kind: 'heads', keyValueHeads, headSize } }] };
}

function latentLayout(config: Config, layers: number, heads: number): CacheLayout {
  const latent = size(config, 'kv_lora_rank');
  const decoupledKey = size(config, 'qk_rope_head_dim');
  const headSize = size(config, 'v_head_dim');
  return { heads, headSize, groups: [{ layers, entry: { kind: 'latent', latent, decoupledKey } }] };
}

/** Windows by `layer_types` where the file lists them, by the type's pattern where not. */
function slide(config: Config, type: ModelType, layout: CacheLayout): CacheLayout {
  const { layer_types: layerTypes, sliding_window: window } = config;
  const isOff = type.isWindowOptional && config.use_sliding_window !== true;
  if (window === undefined || window === false || isOff) return layout;
  const tokens = size(config, 'sliding_window');
  if (layerTypes !== undefined) return slideByList(layerTypes, layout, tokens);
  if (type.isWindowOptional) {
    // The first max_window_layers see everything.
    const [{ layers, entry }] = layout.groups;
    const globals = Math.min(layers, size(config, 'max_window_layers', layers));
    return split(layout, layers - globals, tokens, entry);
  }
  const pattern =
    type.globalEvery === undefined ? Infinity : size(config, 'sliding_window_pattern', type.globalEvery);
  return withWindows(layout, tokens, pattern);
}

function slideByList(
  list: unknown,
  layout: CacheLayout,
  tokens: number,
  windowed = 'sliding_attention',
  key = 'layer_types',
): CacheLayout {
  const [{ layers, entry }] = layout.groups;
  if (!Array.isArray(list) || list.length !== layers) {
    refuseInput(`config.json: ${key} does not name ${layers} layers. Correct it or num_hidden_layers.`);
  }
  const other = list.find((name) => name !== 'full_attention' && name !== windowed);
  if (other !== undefined) {
    const name = JSON.stringify(String(other).slice(0, 40));
    refuseInput(
      `config.json: layer_types has ${name}, whose cache is not known. Known: full_attention, ${windowed}.`,
    );
  }
  return split(layout, list.filter((name) => name === windowed).length, tokens, entry);
}

function split(layout: CacheLayout, sliding: number, window: number, entry: CacheEntry): CacheLayout {
  const layers = layout.groups.reduce((sum, group) => sum + group.layers, 0);
  const groups = [
    { layers: sliding, entry, window },
    { layers: layers - sliding, entry },
  ];
  return { ...layout, groups: groups.filter((group) => group.layers > 0) };
}

function size(config: Config, key: string, byDefault?: number): number {
  const value = (Object.hasOwn(config, key) ? config[key] : undefined) ?? byDefault;
  if (value === undefined) refuseInput(`config.json: ${key} is missing. Give a whole number.`);
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 2 ** 32) {
    const shown = JSON.stringify(value)?.slice(0, 40);
    refuseInput(`config.json: ${key} is ${shown}, not a whole number from 1 to 2^32. Correct it.`);
  }
  return value;
}

function divided(whole: number, parts: number, wholeKey: string, partsKey: string): number {
  if (whole % parts === 0) return whole / parts;
  return refuseInput(
    `config.json: ${partsKey} ${parts} does not divide ${wholeKey} ${whole}. Give head_dim or correct one.`,
  );
}

/** Sizes that are null are those that Transformers assumes. */
function withoutNulls(config: Config): Config {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null));
}

function isObject(value: unknown): value is Config {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
