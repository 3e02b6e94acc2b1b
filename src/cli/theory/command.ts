// `flopscope theory`: closed forms of the literature from the command line; no GPU is opened.

import type { Command } from 'commander';
import { stage } from '../../lab/plans/problem.ts';
import { textColumns } from '../../text/columns.ts';
import { formatDigits } from '../../text/numbers.ts';
import { cacheOfArchitecture, countArchitecture } from '../../theory/architecture.ts';
import {
  expertConvention,
  expertCount,
  expertFactor,
  expertRuleMiss,
  publishedRouters,
} from '../../theory/experts.ts';
import { cacheConvention, reportCache } from '../../theory/kv-cache.ts';
import { publishedModels } from '../../theory/published-models.ts';
import { jsonOption, outputOf } from '../options.ts';
import { addChinchilla } from './chinchilla.ts';
import { addKv } from './kv.ts';
import { amount } from './options.ts';
import { addPress } from './press.ts';
import { addServing } from './serving.ts';
import { addWhatIf } from './what-if.ts';

/** Adds the commands. */
export function addTheory(program: Command): void {
  const theory = program
    .command('theory')
    .description(
      'what the literature says a model costs: press, what-if, deepseek, chinchilla, experts, kv, serving, models',
    );
  addPress(theory);
  addWhatIf(theory);
  addChinchilla(theory);
  addExperts(theory);
  addKv(theory);
  addServing(theory);
  addModels(theory);
}

function addExperts(theory: Command): void {
  theory
    .command('experts')
    .description('how many experts a mixture should have')
    .requiredOption('--total <parameters>', 'all, such as 671B', amount)
    .requiredOption('--active <parameters>', 'of them per token, such as 37B', amount)
    .addOption(jsonOption())
    .action(async ({ total, active }: { total: number; active: number }, command: Command) => {
      const exact = await stage('invalidConfig', () => expertCount(total, active));
      const experts = {
        low: Math.round(exact.low),
        typical: Math.round(exact.typical),
        high: Math.round(exact.high),
      };
      const unit = 'experts per layer';
      const routers = publishedRouters.map((router) => ({ ...router, overRule: expertRuleMiss(router) }));
      outputOf(command).result(
        { convention: expertConvention, unit, total, active, factor: expertFactor, experts, exact, routers },
        [
          `${experts.typical} experts (${experts.low} to ${experts.high})`,
          textColumns(
            publishedRouters.map((router) => [
              router.model,
              `${router.experts} experts, ${router.expertsPerToken} per token, ${router.shared} shared`,
              missText(expertRuleMiss(router)),
            ]),
          ),
          expertConvention,
        ].join('\n\n'),
      );
    });
}

function missText(overRule: number | undefined): string {
  return overRule === undefined ? '' : `${formatDigits(overRule)} times what the rule gives at c = 12`;
}

function addModels(theory: Command): void {
  theory
    .command('models')
    .description('published models: parameters held against the released weights, active ones, cache')
    .addOption(jsonOption())
    .action((_options, command: Command) => {
      const output = outputOf(command);
      const rows = publishedModels.map((model) => ({
        model,
        count: countArchitecture(model.architecture),
        cache: reportCache(cacheOfArchitecture(model.architecture), model.architecture.context, 16),
      }));
      for (const { model, count, cache } of rows) {
        const { architecture: _, ...stated } = model;
        output.result(
          { ...stated, unit: 'values', parameters: count, cache: { convention: cacheConvention, ...cache } },
          undefined,
        );
      }
      const lines = rows.map(({ model, count, cache }) => [
        model.id,
        String(count.total),
        String(count.active[0].parameters),
        String(cache.bytesPerToken),
        model.source,
      ]);
      const head = ['', 'parameters', 'active', 'cache B/token', 'source'];
      output.text(`${textColumns([head, ...lines])}\n\nactive: ${rows[0].count.active[0].convention}\n`);
    });
}
