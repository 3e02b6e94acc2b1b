// What `flopscope train --adapter` trains: an adapter as it is described, or one from files that goes on.

import type { Prediction } from '../../contract/runs.ts';
import { stage } from '../../lab/plans/problem.ts';
import type { RunAdapter } from '../../lab/training/run.ts';
import { type AdapterConfig, countAdapterParameters } from '../../model/adapter.ts';
import type { ModelConfig } from '../../model/config.ts';
import { adapterOf, allLinear } from '../../model/huggingface/adapter-modules.ts';
import { countParameters } from '../../model/parameters.ts';
import { formatBytes, formatSi } from '../../text/numbers.ts';
import { readAdapter } from '../adapters.ts';
import { refuse } from '../failure.ts';
import { isDirectory, resolvePath } from '../files.ts';

/** What can be said of an adapter, for the help and for refusals. */
export const adapterForm = 'rank=8,alpha=16,targets=q,v,dropout=0.05';

const names = ['rank', 'alpha', 'targets', 'dropout', 'rslora'] as const;
const switches = new Map([
  ['true', true],
  ['false', false],
]);

/** Reads `rank=8,alpha=16,targets=q,v`: alpha is twice the rank and all linear layers are targets unless given. @throws LabError */
export function parseAdapter(text: string): AdapterConfig {
  const wrong = (what: string): never =>
    refuse('invalidConfig', `--adapter ${text}: ${what}. Give such as ${adapterForm}, or a directory.`);
  const given = new Map<string, string[]>();
  let last: string | undefined;
  for (const piece of text.split(',')) {
    const [, name = last, value = piece] = /^(\w+)=(.*)$/.exec(piece) ?? [];
    if (name === undefined || !names.some((one) => one === name))
      wrong(`${JSON.stringify(piece)} is no setting`);
    if (value === '') wrong(`${JSON.stringify(piece)} says nothing`);
    if (name === last && name !== 'targets') wrong(`${name} has two values`);
    if (name !== last && given.has(name ?? '')) wrong(`${name} is given twice`);
    given.set(name ?? '', [...(given.get(name ?? '') ?? []), value]);
    last = name;
  }
  const number = (
    name: (typeof names)[number],
    otherwise: number | undefined,
    suits: (value: number) => boolean,
  ) => {
    const [value] = given.get(name) ?? [];
    if (value === undefined) return otherwise ?? wrong(`${name} is missing`);
    return suits(Number(value)) ? Number(value) : wrong(`${name} cannot be ${value}`);
  };
  const rank = number('rank', undefined, (value) => Number.isInteger(value) && value >= 1 && value <= 4096);
  const [isRankStabilised = 'false'] = given.get('rslora') ?? [];
  return {
    rank,
    alpha: number('alpha', 2 * rank, (value) => value > 0 && value < 1e6),
    dropout: number('dropout', 0, (value) => value >= 0 && value < 1),
    targets: given.get('targets') ?? [allLinear],
    isRankStabilised: switches.get(isRankStabilised) ?? wrong(`rslora is true or false`),
  };
}

/** The adapter that a run trains. @param base what it is named by @throws LabError */
export async function runAdapter(
  said: string | AdapterConfig,
  model: ModelConfig,
  base: RunAdapter['base'],
): Promise<RunAdapter> {
  const { type } = base;
  if (typeof said === 'string' && (await isDirectory(resolvePath(said)))) {
    const { adapter, weights } = await readAdapter(said, { model, type: type ?? '' });
    return { adapter, weights, base };
  }
  const config = typeof said === 'string' ? parseAdapter(said) : said;
  return { adapter: await stage('invalidConfig', () => adapterOf(model, config, type)), base };
}

/** What is trained and what it takes, by the plan. */
export function adapterNote(
  { adapter }: RunAdapter,
  model: ModelConfig,
  { memoryBytes: { weights, gradients, moments, activations } }: Prediction,
): string {
  const { rank, targets } = adapter.config;
  const [trained, all] = [countAdapterParameters(adapter), countParameters(model)];
  return (
    `train: an adapter of rank ${rank} on ${targets.join(', ')}: ${formatSi(trained, 'parameters')} beside ${formatSi(all, '')} that stay. ` +
    `Weights take ${formatBytes(weights)}, gradients ${formatBytes(gradients)}, moments ${formatBytes(moments)}, activations ${formatBytes(activations)}.`
  );
}
