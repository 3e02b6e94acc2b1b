// Tables of published models: exact counts with their sources, and flops per token by every convention.

import { formatCount, formatPower, formatSi } from '../../text/numbers.ts';
import type { FigureTable } from '../../text/table.ts';
import { type Architecture, countArchitecture } from '../../theory/architecture.ts';
import {
  type FlopCount,
  flopsPerToken,
  inferenceFlopsPerToken,
  type TransformerNumbers,
} from '../../theory/conventions.ts';
import { pressCosts } from '../../theory/press.ts';
import { publishedModels } from '../../theory/published-models.ts';
import { shapeOf } from '../../theory/shape.ts';
import { type CostsInputs, findStart } from './inputs.ts';

/** Every published model: sizes, exact totals, active counts by convention, sources. */
export const modelsTable: FigureTable = {
  columns: [
    { label: 'Model' },
    { label: 'Parameters', format: formatCount },
    { label: 'Released numbers', format: formatCount },
    { label: 'Active: experts used; table and head whole', format: formatCount },
    { label: 'Active: experts used; head, no table', format: formatCount },
    { label: 'L', format: formatCount },
    { label: 'd', format: formatCount },
    { label: 'Attention', room: 'medium' },
    { label: 'Feed-forward', room: 'medium' },
    { label: 'V', format: formatCount },
    { label: 'n', format: formatCount },
    { label: 'Besides the language model', room: 'long' },
    { label: 'Configuration', room: 'medium' },
    { label: 'Count', room: 'long' },
  ],
  rows: publishedModels.map(({ name, architecture, releasedParameters, extras, source, countSource }) => {
    const { total, active } = countArchitecture(architecture);
    return [
      name,
      total,
      releasedParameters,
      active[0]?.parameters,
      active[1]?.parameters,
      architecture.layers,
      architecture.width,
      attentionText(architecture),
      feedForwardText(architecture),
      architecture.vocabulary,
      architecture.context,
      extras.map(({ what, parameters }) => `${what}: ${formatCount(parameters)}`).join('; '),
      source,
      countSource,
    ];
  }),
};

function attentionText({ heads, keyValueHeads, headSize, latentAttention, windows }: Architecture): string {
  const kind = windows?.isChunked ? 'chunks' : 'windows';
  const window = windows ? `, ${kind} of ${windows.size} but every ${windows.globalEvery}th layer` : '';
  if (latentAttention) return `MLA ${latentAttention.latent}+${latentAttention.decoupledKey}, ${heads} heads`;
  return `${keyValueHeads === heads ? 'MHA' : 'GQA'} ${heads}:${keyValueHeads} × ${headSize}${window}`;
}

function feedForwardText({ feedForward: ffn }: Architecture): string {
  if (ffn.kind === 'dense') return `${ffn.hidden}${ffn.gated ? ', gated' : ''}`;
  const shared = ffn.sharedExperts > 0 ? ` + ${ffn.sharedExperts} shared` : '';
  return `${ffn.expertsPerToken} of ${ffn.experts}${shared} × ${ffn.hidden}, gated`;
}

/** Counts per token of the present model, or why they cannot be given. */
export type TokenCounts =
  | { readonly kind: 'counts'; readonly of: string; readonly counts: readonly FlopCount[] }
  | { readonly kind: 'none'; readonly reason: string };

/** Training and inference flops per token by every convention: of the published model as it is, else of Press's shape. */
export function tokenCounts({ model, startId }: CostsInputs): TokenCounts {
  const start = findStart(startId);
  if (start?.architecture?.latentAttention) {
    const reason = `${start.name} has latent attention, for which none of these conventions was written. Choose another model.`;
    return { kind: 'none', reason };
  }
  const [of, numbers, nonEmbedding] = start?.architecture
    ? publishedNumbers(start.name, start.architecture)
    : ([
        'this shape as Press counts it: FFN of 4d, as many key/value heads as heads, head of its own',
        {
          layers: model.layers,
          width: model.width,
          heads: model.heads,
          keyValueHeads: model.heads,
          headSize: model.width / model.heads,
          hidden: 4 * model.width,
          gated: false,
          context: model.context,
          vocabulary: model.vocabulary,
          parameters: pressCosts(model).parameters,
          positionParameters: 0,
        },
        pressCosts(model).parameters - 2 * model.vocabulary * model.width,
      ] as const);
  return {
    kind: 'counts',
    of,
    counts: [...flopsPerToken(numbers), ...inferenceFlopsPerToken(numbers, nonEmbedding)],
  };
}

function publishedNumbers(
  name: string,
  architecture: Architecture,
): readonly [of: string, numbers: TransformerNumbers, nonEmbedding: number] {
  const { feedForward: ffn, context } = architecture;
  const counts = countArchitecture(architecture);
  const [whole = { parameters: counts.total }] = counts.active;
  const isMixture = ffn.kind === 'mixture';
  const parameters = isMixture ? whole.parameters : counts.total;
  const numbers: TransformerNumbers = {
    ...shapeOf(architecture),
    context,
    parameters,
    hidden: isMixture ? ffn.hidden * (ffn.expertsPerToken + ffn.sharedExperts) : ffn.hidden,
    gated: isMixture || ffn.gated,
    positionParameters: counts.positions,
    isMixture,
  };
  const tables = counts.embedding + counts.positions + counts.head;
  const said = isMixture ? `${name} as released; N is what one token uses` : `${name} as released`;
  return [said, numbers, parameters - tables];
}

/** The counts as a table. These conventions count a multiply-add as two, whatever the room counts. */
export function countsTable(counts: readonly FlopCount[]): FigureTable {
  return {
    columns: [
      { label: 'Convention' },
      { label: 'Flops a token', format: (value) => formatSi(value, 'FLOP') },
      { label: 'N', format: (value) => formatSi(value) },
      { label: 'N in full', format: formatCount },
      { label: 'What it counts', room: 'long' },
    ],
    rows: counts.map(({ convention, flops, parameters, note }) => [
      convention,
      flops,
      parameters,
      parameters,
      note,
    ]),
  };
}

/** Largest over smallest of the training conventions. */
export function countsSpread(counts: readonly FlopCount[]): string {
  const training = counts.filter(({ convention }) => !convention.startsWith('inference'));
  const flops = training.map((count) => count.flops);
  return formatPower(Math.max(...flops) / Math.min(...flops));
}
