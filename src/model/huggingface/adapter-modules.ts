// Which linear layers of a published layout an adapter may change, by the ends of their names as PEFT takes them.
import type { AdapterConfig, LowRankAdapter, LowRankUpdate } from '../adapter.ts';
import type { ModelConfig } from '../config.ts';
import { parameterSpecs } from '../parameters.ts';
import { partsOf } from './import-plan.ts';
import { fileLayout, usualNames } from './layout.ts';

/** Our parameters that `recordLinear` records; experts are recorded together, and latents are absorbed in decoding. */
const adaptable =
  /^layers\.\d+\.(attention\.(qkv|projection|query|queryDown|queryUp|latentDown|ropeKey)|(ffn|sharedExperts)\.(gateUp|expand|contract))$/;

/** Short names that many papers use, beside the published ones. */
const shortNames: Readonly<Record<string, string>> = {
  q: 'q_proj',
  k: 'k_proj',
  v: 'v_proj',
  o: 'o_proj',
  gate: 'gate_proj',
  up: 'up_proj',
  down: 'down_proj',
};

/** Every target at once, as PEFT says it. */
export const allLinear = 'all-linear';

/** The linear layers of a model that an adapter may change, in the order of the forward pass. */
export function adaptableLayers(model: ModelConfig, type?: string): LowRankUpdate[] {
  const layout = fileLayout(model, usualNames(model, type), type);
  return parameterSpecs(model)
    .filter(({ name }) => adaptable.test(name))
    .flatMap(({ name: parameter }) =>
      partsOf(layout, parameter).flatMap(
        ({ name, shape, isTransposed, column, columns, rows, fileOrder }) => {
          const module = name.replace(/\.weight$/, '');
          // Of a tensor that is cut over several of our parameters A would be in each of them.
          const isWhole = shape[isTransposed ? 0 : 1] === columns;
          if (!isWhole) return [];
          const order = fileOrder ? { fileOrder } : {};
          const names = { down: `${module}.lora_A`, up: `${module}.lora_B` };
          return [{ module, parameter, column, inputs: rows, outputs: columns, ...order, ...names }];
        },
      ),
    );
}

/** A target as PEFT has it: the short names written out. */
export function publishedTarget(target: string, modules: readonly string[]): string {
  const long = shortNames[target];
  return long !== undefined && !modules.some((module) => endsWith(module, target)) ? long : target;
}

/**
 * The adapter of a model: every layer whose name is a target or ends with one after a dot.
 * @param type the model's `model_type`
 * @throws Error of a target that no layer has, with those that there are
 */
export function adapterOf(model: ModelConfig, config: AdapterConfig, type?: string): LowRankAdapter {
  const layers = adaptableLayers(model, type);
  const modules = layers.map(({ module }) => module);
  const targets = config.targets.map((target) => publishedTarget(target, modules));
  const isTarget = (module: string, target: string) => target === allLinear || endsWith(module, target);
  for (const target of targets) {
    if (modules.some((module) => isTarget(module, target))) continue;
    throw new Error(
      `adapter: the model has no linear layer ${JSON.stringify(target.slice(0, 80))} that can be adapted. Use ${targetNames(layers).join(', ')} or ${allLinear}.`,
    );
  }
  const updates = layers.filter(({ module }) => targets.some((target) => isTarget(module, target)));
  const named = targets.includes(allLinear) ? targetNames(updates) : [...new Set(targets)];
  return { config: { ...config, targets: named }, updates };
}

/** The ends of layers' names by which each kind of layer can be told from the others. */
export function targetNames(layers: readonly Pick<LowRankUpdate, 'module'>[]): string[] {
  const kinds = layers.map(({ module }) => module.replace(/^.*\.\d+\./, '')); // mlp.c_proj
  const last = (kind: string) => kind.split('.').at(-1) ?? kind;
  const isShared = (kind: string) => kinds.some((other) => other !== kind && last(other) === last(kind));
  return [...new Set(kinds.map((kind) => (isShared(kind) ? kind : last(kind))))];
}

function endsWith(module: string, target: string): boolean {
  return module === target || module.endsWith(`.${target}`);
}
