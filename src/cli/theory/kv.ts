// `flopscope theory kv`: bytes per token of the cache of keys and values, from configurations of ours or of Hugging Face, or a published model's row.

import { join } from 'node:path';
import type { Command } from 'commander';
import { stage } from '../../lab/plans/problem.ts';
import { cacheLayoutOf } from '../../lab/serving/served-model.ts';
import { modelFileNames } from '../../lab/training/model-files.ts';
import { type ModelConfig, parseModel } from '../../model/config.ts';
import { readHuggingFaceConfig } from '../../model/huggingface/config.ts';
import { families } from '../../model/huggingface/families.ts';
import { textColumns } from '../../text/columns.ts';
import { formatDigits, formatSi } from '../../text/numbers.ts';
import { cacheOfArchitecture } from '../../theory/architecture.ts';
import {
  type ConfiguredCache,
  isKnownCache,
  isPublishedConfig,
  readCacheConfig,
} from '../../theory/cache-config.ts';
import { type CacheReport, cacheConvention, reportCache } from '../../theory/kv-cache.ts';
import { findPublishedModel } from '../../theory/published-models.ts';
import { refuse } from '../failure.ts';
import { isDirectory, readIfPresent, readJsonFile } from '../files.ts';
import { resolveModel } from '../models.ts';
import { jsonOption, outputOf } from '../options.ts';

import { amount } from './options.ts';

interface KvOptions {
  readonly context?: number;
  readonly bits: number;
}

/** Adds the command. */
export function addKv(theory: Command): void {
  theory
    .command('kv')
    .argument(
      '<config...>',
      'CONFIG.json, config.json of Hugging Face, a directory that has one, OWNER/NAME that was pulled, or a published model (theory models)',
    )
    .description('bytes per token of the key and value cache')
    .option('--context <tokens>', "length of the sequence; by default the model's", amount)
    .option('--bits <count>', 'of one value', amount, 16)
    .addOption(jsonOption())
    .action(async (paths: readonly string[], { context, bits }: KvOptions, command: Command) => {
      const output = outputOf(command);
      // All are read before the first is shown: a bad path leaves no half of an answer.
      const reports: { readonly path: string; readonly report: CacheReport }[] = [];
      for (const path of paths) {
        const cache = await readCache(path);
        const report = await stage('invalidConfig', () =>
          reportCache(cache.layout, context ?? cache.context, bits),
        );
        reports.push({ path, report });
      }
      for (const { path, report } of reports) {
        output.result(
          { config: path, convention: cacheConvention, unit: 'bytes', ...report },
          `${describe(path, report)}\n`, // a blank line between configurations
        );
      }
      output.text(`${cacheConvention}\n`);
    });
}

async function readCache(name: string): Promise<ConfiguredCache> {
  const path = await resolveModel(name);
  const isFolder = await isDirectory(path);
  const published = findPublishedModel(name);
  if (published && !isFolder && (await readIfPresent(path)) === undefined) {
    const { architecture } = published;
    return { layout: cacheOfArchitecture(architecture), context: architecture.context };
  }
  const file = isFolder ? join(path, modelFileNames.config) : path;
  if (!isFolder && (await readIfPresent(path)) === undefined)
    refuse(
      'invalidData',
      `theory kv: ${name} is no published model and no file. See flopscope theory models for the ids.`,
    );
  const json = await readJsonFile(file);
  if (!isPublishedConfig(json)) return ownCache(modelOf(file, json));
  // Models of our own that no published layout can say, and families whose whole file the lab reads.
  const { model_type: type } = json;
  if (type === 'flopscope' || (!isKnownCache(type) && families.some((family) => family.type === type)))
    return ownCache(await stage('invalidFile', () => readHuggingFaceConfig(json)));
  return stage('invalidFile', () => {
    try {
      return readCacheConfig(json);
    } catch (error) {
      throw new Error(
        `${file}: ${error instanceof Error ? error.message.replace(/^config\.json: /, '') : error}`,
      );
    }
  });
}

/** The `model` section of a configuration; the others do not matter here. */
export function modelOf(file: string, json: unknown): ModelConfig {
  const section = typeof json === 'object' && json !== null && Object.hasOwn(json, 'model');
  if (!section) {
    refuse('invalidFile', `${file}: there is neither model nor model_type. Give a configuration of a model.`);
  }
  const parsed = parseModel((json as { readonly model: unknown }).model);
  if (parsed.kind === 'ok') return parsed.model;
  return refuse('invalidConfig', `${file}: ${parsed.problems.map(({ message }) => message).join(' ')}`);
}

function ownCache(model: ModelConfig): ConfiguredCache {
  return { layout: cacheLayoutOf(model), context: model.context };
}

function describe(path: string, report: CacheReport): string {
  const {
    bytesPerToken,
    bytesPerTokenBeyondWindows: beyond,
    bytesPerTokenWithoutDecoupledKey: plain,
  } = report;
  return textColumns([
    ['config', path],
    ['attention', `${report.kind}, ${report.layers} layers`],
    ['bytes per token', `${bytesPerToken} (${report.valuesPerToken} values of ${report.bitsPerValue} bits)`],
    ...(beyond === bytesPerToken ? [] : [['once windows are full', `${beyond}`] as const]),
    ...(plain === undefined ? [] : [['without the decoupled key', `${plain}`] as const]),
    [`${report.context} tokens`, formatSi(report.bytesAtContext, 'B')],
    [
      'of multi-head attention',
      `${formatDigits(100 * report.shareOfMultiHead)} % of ${report.multiHeadBytesPerToken} bytes per token`,
    ],
  ]);
}
