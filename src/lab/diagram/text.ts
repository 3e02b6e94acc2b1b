// What the parts of a model are called, and the letters of their shapes.

import type { DiagramBlock, DiagramShape, ModelDiagram, PartKind } from '../../contract/diagram.ts';
import { activationFunctions } from '../../kernels/activation-functions.ts';
import { layerAttention } from '../../model/attention-config.ts';
import type { ModelConfig } from '../../model/config.ts';
import { hasExperts } from '../../model/experts-config.ts';
import type { KernelRole } from '../../plan/role.ts';
import { type GatheredPart, scopeOf } from './parts.ts';

/** Kind and names of a part. */
export interface PartText {
  readonly kind: PartKind;
  readonly title: string;
  readonly detail: string;
}

/** What only adds, scales or drops. */
const sums: ReadonlySet<KernelRole> = new Set(['addition', 'scaling', 'dropout']);

/** Kinds of parts by the role of a kernel in it: the first that a part has. */
const kindsByRole: readonly (readonly [role: KernelRole, kind: PartKind])[] = [
  ['embedding', 'embedding'],
  ['router', 'router'],
  ['combination', 'sum'],
  ['attention', 'attention'],
  ['product', 'product'],
  ['expertProduct', 'product'],
  ['norm', 'norm'],
  ['headNorm', 'norm'],
  ['position', 'position'],
  ['activation', 'activation'],
];

const titles: Readonly<Record<string, string>> = {
  embedding: 'Embedding',
  qkv: 'Queries, keys, values',
  rope: 'Rotary positions',
  attention: 'Attention',
  projection: 'Projection',
  contract: 'Contract',
  router: 'Router',
  combine: 'Weighted sum',
  head: 'Head',
};

/** Kind of a part, by what it computes. */
export function kindOf({ label, term, isExperts, forward }: GatheredPart): PartKind {
  const roles = forward.map(({ kernel }) => kernel.role);
  if (isExperts) return 'experts';
  if (label === 'head') return term === 'loss' ? 'loss' : 'head';
  if (roles.every((role) => sums.has(role))) return 'sum';
  return kindsByRole.find(([role]) => roles.includes(role))?.[1] ?? 'other';
}

/** Names of a part; `weights` are the letters of its matrices. */
export function textOf(part: GatheredPart, model: ModelConfig, weights: readonly string[]): PartText {
  const kind = kindOf(part);
  const scope = scopeOf(part.label);
  const matrices = weights.join(' and ');
  const { heads, keyValueHeads, experts, expertsPerToken, sharedExperts } = model;
  const plain = titles[scope] ?? capital(scope);
  switch (kind) {
    case 'norm':
      return { kind, ...normText(part) };
    case 'attention':
      return { kind, title: 'Attention', detail: attentionText(model, part.layer ?? 0) };
    case 'activation':
      return {
        kind,
        title: activationTitle(model),
        detail: model.gated ? 'of the gate, times the rest' : '',
      };
    case 'router':
      return { kind, title: 'Router', detail: `${expertsPerToken} of ${experts}, by ${model.routerScore}` };
    case 'experts':
      return { kind, title: `${experts} experts`, detail: `${matrices} each` };
    case 'sum': {
      if (scope === 'combine') return { kind, title: plain, detail: `of ${expertsPerToken} experts` };
      const scale = model.residualScale === 1 ? '' : `× ${model.residualScale}`;
      return { kind, title: 'Sum', detail: scale };
    }
    case 'head': {
      const cap = model.logitSoftcap > 0 ? `, capped at ${model.logitSoftcap}` : '';
      return { kind, title: 'Head', detail: `${model.tiedHead ? 'the embedding again' : matrices}${cap}` };
    }
    case 'loss':
      return { kind, title: 'Loss', detail: 'cross-entropy' };
    default:
  }
  if (model.attention === 'latent' && (scope === 'qkv' || scope === 'rope')) {
    return scope === 'rope'
      ? {
          kind,
          title: model.position === 'rope' ? plain : 'Heads',
          detail: 'queries, keys and values side by side',
        }
      : { kind, title: capital(part.forward[0]?.bindings.y?.name ?? scope), detail: matrices };
  }
  if (scope === 'qkv') {
    const shared = keyValueHeads === heads ? '' : `, ${keyValueHeads} of keys and values`;
    return { kind, title: plain, detail: `${heads} heads${shared}` };
  }
  if (scope === 'shared') {
    const title = sharedExperts === 1 ? 'Shared expert' : `${sharedExperts} shared experts`;
    return { kind, title, detail: matrices };
  }
  if (scope === 'expand') {
    return model.gated
      ? { kind, title: 'Gate and up', detail: matrices }
      : { kind, title: 'Expand', detail: `${matrices}, then ${activationTitle(model)}` };
  }
  return { kind, title: plain, detail: matrices };
}

function normText({ label, forward }: GatheredPart): Pick<PartText, 'title' | 'detail'> {
  const isOfHeads = forward.some(({ kernel }) => kernel.role === 'headNorm');
  const title = forward.find(({ kernel }) => kernel.title)?.kernel.title ?? 'Norm';
  const scope = scopeOf(label);
  if (isOfHeads) return { title, detail: 'of queries and keys' };
  return { title, detail: scope === 'norm' || scope === 'qkv' ? '' : `of ${scope}` };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function attentionText(model: ModelConfig, layer: number): string {
  const { window, isLocal } = layerAttention(model, layer);
  const { attentionSoftcap: cap, attentionSinks } = model;
  return [
    isLocal ? `of the last ${window} tokens` : 'of all tokens so far',
    ...(cap > 0 ? [`scores capped at ${cap}`] : []),
    ...(attentionSinks ? ['with sinks'] : []),
  ].join(', ');
}

function activationTitle({ gated, activation }: ModelConfig): string {
  const { label, gatedLabel } = activationFunctions[activation];
  return gated ? gatedLabel : label;
}

/** What sets a layer apart from others of its model. */
export function blockText(model: ModelConfig, layer: number): Pick<DiagramBlock, 'mark' | 'note'> {
  const { isLocal, isRotary, window } = layerAttention(model, layer);
  const isMixed = Array.from({ length: model.layers }, (_, i) => hasExperts(model, i)).includes(false);
  const hasWindows = model.windowPattern.includes('L') && window <= model.context;
  const notes = [
    ...(hasWindows ? [isLocal ? `local, ${window} tokens` : 'global'] : []),
    ...(model.position === 'rope' && !isRotary ? ['no positions'] : []),
    ...(model.experts > 0 && isMixed ? [hasExperts(model, layer) ? 'experts' : 'dense'] : []),
  ];
  return { mark: hasWindows ? (isLocal ? 'L' : 'G') : '', note: notes.join(', ') };
}

/** Letters that are likely for the sizes of a matrix, by its name. */
const likelyLetters: readonly (readonly [RegExp, readonly string[]])[] = [
  [/(gateUp|expand)$/, ['C', 'F or 2F or Fᴇ or 2Fᴇ']],
  [/contract$/, ['F or Fᴇ', 'C']],
  [/qkv$/, ['C', '(H + 2G)·D']],
  [/projection$/, ['H·D', 'C']],
  [/^(tokenEmbedding|head)$/, ['V', 'C']],
  [/^positionEmbedding$/, ['T', 'C']],
];

/** Letters for sizes, those that are likely for a kind of part first. */
export class Letters {
  readonly #model: ModelConfig;
  readonly #rows: readonly (readonly [string, number])[];
  readonly #columns: readonly (readonly [string, number])[];

  constructor(model: ModelConfig, batch: number, time: number) {
    const { width, heads, keyValueHeads, headSize, hidden, vocabulary, experts, expertsPerToken } = model;
    this.#model = model;
    this.#rows = [
      ['B·T', batch * time],
      ...(experts > 0 ? ([['B·T·K', batch * time * expertsPerToken]] as const) : []),
    ];
    this.#columns = [
      ['C', width],
      ['H·D', heads * headSize],
      ['(H + 2G)·D', (heads + 2 * keyValueHeads) * headSize],
      ['F', hidden],
      ['2F', 2 * hidden],
      ['V', vocabulary],
      ['T', time],
    ];
  }

  /** Letters of an activation [rows, columns]; numbers where none fits. `kind` and `scope` say what is likely. */
  flow(
    sizes: readonly number[],
    { kind, scope }: { readonly kind: PartKind; readonly scope: string },
  ): DiagramShape {
    const [first = 1, ...rest] = sizes;
    const row = this.#rows.find(([, size]) => size === first)?.[0] ?? String(first);
    const made: { readonly [kind in PartKind]?: string } = { attention: 'H·D', head: 'V' };
    const likely = made[kind] ?? (scope === 'qkv' || scope === 'rope' ? '(H + 2G)·D' : 'C');
    const columns = rest.map((size) => this.#column(size, likely));
    return { sizes, letters: `[${[row, ...columns].join(', ')}]` };
  }

  /** Letters of a matrix or table, such as `C × 2F`; of experts those of one. */
  weight(name: string, shape: readonly number[]): string {
    const own = shape.length === 3 ? shape.slice(1) : shape;
    const [, likely = []] = likelyLetters.find(([pattern]) => pattern.test(name)) ?? [];
    const isExpert = /experts\./i.test(name);
    return own.map((size, index) => this.#column(size, likely[index] ?? '', isExpert)).join(' × ');
  }

  /** The letters with their values. */
  list(batch: number, time: number): ModelDiagram['letters'] {
    const { width, heads, keyValueHeads, headSize, hidden, vocabulary, experts, expertsPerToken } =
      this.#model;
    return [
      { letter: 'B', value: batch, meaning: 'sequences of a micro-batch' },
      { letter: 'T', value: time, meaning: 'tokens of a sequence; n in Costs' },
      { letter: 'C', value: width, meaning: 'channels; d in Costs' },
      { letter: 'H', value: heads, meaning: 'query heads' },
      { letter: 'G', value: keyValueHeads, meaning: 'heads of keys and values' },
      { letter: 'D', value: headSize, meaning: 'channels of a head' },
      { letter: 'F', value: hidden, meaning: 'channels inside the feed-forward part' },
      { letter: 'V', value: vocabulary, meaning: 'tokens of the vocabulary' },
      ...(experts > 0
        ? [
            { letter: 'E', value: experts, meaning: 'experts' },
            { letter: 'Fᴇ', value: this.#model.expertHidden, meaning: 'channels inside an expert' },
            { letter: 'K', value: expertsPerToken, meaning: 'experts that a token takes' },
          ]
        : []),
    ];
  }

  #column(size: number, likely: string, isExpert = false): string {
    const { expertHidden } = this.#model;
    const inside: readonly (readonly [string, number])[] = [
      ['Fᴇ', expertHidden],
      ['2Fᴇ', 2 * expertHidden],
    ];
    const known = isExpert ? [...inside, ...this.#columns] : this.#columns;
    const fits = known.filter(([, value]) => value === size);
    // Sizes may be equal by chance: a size that is expected where it stands goes first.
    return (fits.find(([letter]) => likely.split(' or ').includes(letter)) ?? fits[0])?.[0] ?? String(size);
  }
}
