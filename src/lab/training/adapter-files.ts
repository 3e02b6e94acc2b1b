// An adapter as files in PEFT's layout: adapter_config.json and adapter_model.safetensors, with the names that PEFT gives.
import * as v from 'valibot';
import { issueText } from '../../data/issue-text.ts';
import { readSafetensors, type TensorToWrite, writeSafetensors } from '../../data/safetensors.ts';
import {
  type AdapterConfig,
  type LowRankAdapter,
  type LowRankUpdate,
  mergedValues,
} from '../../model/adapter.ts';
import {
  adaptableLayers,
  adapterOf,
  allLinear,
  targetNames,
} from '../../model/huggingface/adapter-modules.ts';
import { parameterSpecs } from '../../model/parameters.ts';
import { fnv1a } from '../../text/checksum.ts';
import type { NamedArrays } from '../plans/parameter-io.ts';
import { type ModelFiles, parseJson } from './model-files.ts';
import type { OpenFile } from './weight-files.ts';

/** Names of the files of an adapter's directory. */
export const adapterFileNames = {
  config: 'adapter_config.json',
  weights: 'adapter_model.safetensors',
} as const;

/** An adapter with its numbers: A and B by our names. */
export interface AdapterWeights {
  readonly adapter: LowRankAdapter;
  readonly weights: NamedArrays;
}

/** What an adapter is of, as its files name it. */
export interface AdapterBase {
  /** Its path, or OWNER/NAME; where it is to be had is not known from the numbers. */
  readonly name: string;
  readonly type?: string | undefined;
  /** Of its weights, by `weightChecksum`: beside others the adapter means nothing. */
  readonly checksum?: number | undefined;
}

/** A checksum of weights, in their order. */
export function weightChecksum(weights: NamedArrays): number {
  return [...weights.values()].reduce(
    (sum, { buffer, byteOffset, byteLength }) => fnv1a(new Uint8Array(buffer, byteOffset, byteLength), sum),
    fnv1a(new Uint8Array()),
  );
}

/** A configuration is a page of text. */
const configLimitBytes = 2 ** 20;

/** What PEFT puts before every module's name, and behind it. */
const [prefix, key] = [
  'base_model.model.',
  /^(?:base_model\.model\.)?(.+)\.lora_([AB])(?:\.default)?\.weight$/,
];

const number = v.pipe(v.number(), v.finite());
const schema = v.looseObject({
  peft_type: v.literal('LORA'),
  r: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_536)),
  lora_alpha: number,
  lora_dropout: v.optional(v.pipe(number, v.minValue(0), v.ltValue(1)), 0),
  use_rslora: v.optional(v.boolean(), false),
  bias: v.optional(v.literal('none'), 'none'),
  target_modules: v.nullish(v.union([v.string(), v.array(v.string())])),
  base_model_name_or_path: v.nullish(v.string()),
  init_lora_weights: v.nullish(v.union([v.boolean(), v.string()])),
});

/** Keys that change nothing of what a saved adapter computes. */
const harmless = new Set(
  (
    'auto_mapping base_model_name_or_path bias ensure_weight_tying exclude_modules fan_in_fan_out ' +
    'inference_mode init_lora_weights layers_pattern layers_to_transform loftq_config lora_alpha lora_dropout megatron_core ' +
    'peft_type peft_version qalora_group_size r revision runtime_config target_modules task_type use_rslora'
  ).split(' '),
);

/** Starts that change the base too, so that what is saved is no update of the base that is named. */
const changesBase = /^(pissa|olora|corda|loftq|lora_ga)/i;

/** Reads an adapter to a model. @throws one clear sentence for what is missing, wrong, or computed otherwise than here */
export async function readAdapterFiles(
  open: OpenFile,
  { model, type }: Pick<ModelFiles, 'model'> & Partial<Pick<ModelFiles, 'type'>>,
): Promise<AdapterWeights> {
  const whole = async (name: string, limit = Number.POSITIVE_INFINITY) => {
    const file = await open(name);
    if (!file)
      throw new Error(`adapter: there is no ${name}. Choose a directory that PEFT or Flopscope wrote.`);
    if (file.bytes > limit)
      throw new Error(`${name}: ${file.bytes} bytes, the limit is ${limit}. It is no such file.`);
    return file.read(0, file.bytes);
  };
  const { config, listed } = readConfig(
    parseJson(adapterFileNames.config, await whole(adapterFileNames.config, configLimitBytes)),
  );
  const layers = adaptableLayers(model, type);
  const weights = new Map<string, Float32Array>();
  const found = new Set<LowRankUpdate>();
  for (const [name, { shape, data }] of readSafetensors(await whole(adapterFileNames.weights)).tensors) {
    const { update, isDown } = placeOf(name, layers);
    const { inputs, outputs, fileOrder } = update;
    const wanted = isDown ? [config.rank, inputs] : [outputs, config.rank];
    if (shape.join() !== wanted.join())
      refuse(
        `${name} is [${shape.join(', ')}], and this model and its rank make it [${wanted.join(', ')}]`,
        'Give the model that it was trained on.',
      );
    const values = data();
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) refuse(`${name}[${bad}] is ${values[bad]}`, 'The file is damaged; use another.');
    weights.set(
      isDown ? update.down : update.up,
      transposed(values, shape, isDown ? undefined : fileOrder, 'toParameter'),
    );
    found.add(update);
  }
  const updates = layers.filter((layer) => found.has(layer));
  const lost = updates.flatMap(({ down, up }) => [down, up]).find((name) => !weights.has(name));
  if (lost !== undefined) refuse(`${prefix}${lost}.weight is missing`, 'The file is cut; fetch it again.');
  if (updates.length === 0) refuse('there is no tensor in it', 'Choose another adapter.');
  return {
    adapter: { config: { ...config, targets: targetsOf(listed, updates, model, config, type) }, updates },
    weights,
  };
}

/** The targets as they are listed, where they mean the layers that were found; else these by their whole names. */
function targetsOf(
  listed: readonly string[],
  updates: readonly LowRankUpdate[],
  model: ModelFiles['model'],
  config: AdapterConfig,
  type: string | undefined,
): readonly string[] {
  const modules = updates.map(({ module }) => module);
  for (const targets of [listed, targetNames(updates)]) {
    if (targets.length === 0) continue;
    try {
      const meant = adapterOf(model, { ...config, targets }, type);
      if (meant.updates.map(({ module }) => module).join() === modules.join()) return meant.config.targets;
    } catch {} // a target that no layer of ours has
  }
  return modules;
}

function readConfig(json: unknown): { readonly config: AdapterConfig; readonly listed: readonly string[] } {
  const parsed = v.safeParse(schema, json);
  const name = adapterFileNames.config;
  if (!parsed.success)
    throw new Error(
      `${name}: ${issueText(parsed.issues[0], 'the file')}. Only LoRA without biases is computed.`,
    );
  const facts = parsed.output;
  for (const [other, value] of Object.entries(facts)) {
    if (harmless.has(other) || isNothing(value)) continue;
    const shown = `${JSON.stringify(other.slice(0, 60))} is ${JSON.stringify(value)?.slice(0, 60)}`;
    throw new Error(
      `${name}: ${shown}, which is not computed here. Merge the adapter in Python: merge_and_unload().`,
    );
  }
  const { r: rank, lora_alpha: alpha, lora_dropout: dropout, use_rslora: isRankStabilised } = facts;
  const { init_lora_weights: start, target_modules: targets } = facts;
  if (typeof start === 'string' && changesBase.test(start))
    throw new Error(
      `${name}: init_lora_weights is ${JSON.stringify(start.slice(0, 60))}, which changes the base too. Save the adapter in Python with path_initial_model_for_weight_conversion.`,
    );
  const listed = typeof targets === 'string' ? (targets === allLinear ? [targets] : []) : (targets ?? []);
  return { config: { rank, alpha, dropout, isRankStabilised, targets: [] }, listed };
}

function isNothing(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === null || value === false;
}

/** The layer that a tensor is of. */
function placeOf(
  name: string,
  layers: readonly LowRankUpdate[],
): { readonly update: LowRankUpdate; readonly isDown: boolean } {
  const [, module = '', letter] = key.exec(name) ?? [];
  const update = layers.find(
    (layer) => layer.module === module || (module !== '' && layer.module.endsWith(`.${module}`)),
  );
  if (!update) {
    const kinds = targetNames(layers).join(', ');
    return refuse(
      `${JSON.stringify(name.slice(0, 120))} is of no linear layer that can be adapted here (${kinds})`,
      'Give the model that it was trained on, or merge it in Python.',
    );
  }
  return { update, isDown: letter === 'A' };
}

/** The files of an adapter, as PEFT opens them. */
export function writeAdapterFiles(
  { adapter, weights }: AdapterWeights,
  base: AdapterBase,
): { readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> }[] {
  const { rank, alpha, dropout, isRankStabilised, targets } = adapter.config;
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: base.name,
    r: rank,
    lora_alpha: alpha,
    lora_dropout: dropout,
    use_rslora: isRankStabilised,
    target_modules: [...targets],
    bias: 'none',
    // GPT-2's Conv1D stores [in, out]; A and B lie alike in both.
    fan_in_fan_out: base.type === 'gpt2',
    inference_mode: true,
  };
  const tensors = adapter.updates.flatMap(
    ({ down, up, inputs, outputs, fileOrder }): [string, TensorToWrite][] => {
      const write = (
        name: string,
        shape: readonly [number, number],
        order?: readonly number[],
      ): [string, TensorToWrite] => {
        const data = transposed(numbersOf(weights, name), shape, order, 'toFile');
        return [`${prefix}${name}.weight`, { shape, data }];
      };
      return [write(down, [rank, inputs]), write(up, [outputs, rank], fileOrder)];
    },
  );
  return [
    {
      name: adapterFileNames.config,
      bytes: new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`),
    },
    { name: adapterFileNames.weights, bytes: writeSafetensors(tensors, [['format', 'pt']]) },
  ];
}

/** Between [rows, columns] of the file and [columns, rows] here; `order` names the file's row of each of our columns. */
function transposed(
  from: Float32Array,
  [rows = 1, columns = 1]: readonly number[],
  order: readonly number[] | undefined,
  direction: 'toParameter' | 'toFile',
): Float32Array<ArrayBuffer> {
  const to = new Float32Array(from.length);
  for (let ours = 0; ours < rows; ours++) {
    const row = order ? order[ours] : ours;
    for (let c = 0; c < columns; c++) {
      const [here, there] = [c * rows + ours, row * columns + c];
      if (direction === 'toParameter') to[here] = from[there];
      else to[there] = from[here];
    }
  }
  return to;
}

/** A model with an adapter merged into its weights as they are read: it stays in its files, and is quantised and exported as any. */
export function withAdapter<Files extends Pick<ModelFiles, 'model' | 'weights'>>(
  files: Files,
  { adapter, weights }: AdapterWeights,
): Files {
  const widths = new Map(parameterSpecs(files.model).map(({ name, shape }) => [name, shape.at(-1) ?? 1]));
  return {
    ...files,
    weights: {
      forEachPart: (take) =>
        files.weights.forEachPart((part) =>
          take({ ...part, values: mergedValues(adapter, part, widths.get(part.name) ?? 1, weights) }),
        ),
    },
  };
}

function numbersOf(weights: NamedArrays, name: string): Float32Array {
  const values = weights.get(name);
  if (!values) throw new Error(`adapter: no numbers for ${name}.`);
  return values;
}

function refuse(what: string, advice: string): never {
  throw new Error(`${adapterFileNames.weights}: ${what}. ${advice}`);
}
