// Reads one text with the weights of a run: attention of every head, the loss of every token, the experts it takes.

import type { HeadReading, ReadingRequest, RouteReading, TextReading } from '../../contract/inside.ts';
import { normaliseText } from '../../data/text-pieces.ts';
import { longestMap } from '../../kernels/attention-map.ts';
import { layerAttention } from '../../model/attention-config.ts';
import { ignoredTarget } from '../plans/batches.ts';
import { tokenNames } from '../plans/corpus.ts';
import type { Engine } from '../plans/engine.ts';
import { LabError, stage } from '../plans/problem.ts';
import { type Run, weightsOf } from '../training/run.ts';
import { lookInside, recordInside } from './trunk.ts';

/** Bytes of maps that are computed to compare all layers; beyond them only the layer asked for is. */
const mapBudget = 64 * 2 ** 20;

/** Tokens of the excerpt that stands in for an empty text. */
const excerptLength = 96;

/** Reads a text. Call when no step is in flight. @throws LabError when the text or the layer does not fit the model */
export async function readTextInside(
  engine: Engine,
  run: Run,
  { text, layer }: ReadingRequest,
): Promise<TextReading> {
  const { model: config } = run.experiment;
  const { layers, heads, context } = config;
  if (!Number.isInteger(layer) || layer < 0 || layer >= layers) {
    const message = `inside: there is no layer ${layer} of ${layers}. Count from 0.`;
    throw new LabError({ kind: 'invalidRequest', message });
  }
  const longest = Math.min(longestMap, context);
  const given = await stage('invalidRequest', () =>
    text === ''
      ? excerptOf(run, Math.min(longest, excerptLength))
      : run.corpus.tokenizer.encode(normaliseText(text)),
  );
  const ids = [...given.subarray(0, longest)];
  const time = ids.length;
  if (time === 0)
    throw new LabError({ kind: 'invalidRequest', message: 'inside: the text is empty. Type one.' });

  const isWhole = layers * heads * 4 * time ** 2 <= mapBudget;
  const mapLayers = isWhole ? Array.from({ length: layers }, (_, index) => index) : [layer];
  const inside = await stage('tooLarge', () =>
    recordInside(config, { batch: 1, time, mapLayers, withLosses: true }, engine),
  );
  const weights = await weightsOf(run);
  const inputs = {
    tokens: Uint32Array.of(...ids, 0),
    targets: Uint32Array.of(...ids.slice(1), ignoredTarget),
  };
  return lookInside(engine, inside, weights, inputs, async (runtime) => {
    const maps: Float32Array[] = [];
    const readings: HeadReading[] = [];
    for (const { layer: at, head, map } of inside.maps) {
      const probabilities = (await runtime.read(map)) as Float32Array;
      if (at === layer) maps.push(probabilities);
      readings.push({ layer: at, head, ...describeMap(probabilities, time) });
    }
    const routes: RouteReading[] = [];
    for (const { layer: at, selected, weights: shares } of inside.routes) {
      routes.push({
        layer: at,
        experts: config.experts,
        perToken: config.expertsPerToken,
        selected: [...(await runtime.read(selected))],
        weights: [...(await runtime.read(shares))],
      });
    }
    const losses = inside.losses ? [...(await runtime.read(inside.losses))] : [];
    return {
      step: run.trainer.progress.step,
      text: run.corpus.tokenizer.decode(ids),
      leftOut: given.length - time,
      tokens: tokenNames(run.corpus, ids),
      losses: losses.slice(0, -1),
      layer,
      layers,
      maps,
      routes,
      heads: readings,
      windows: Array.from({ length: layers }, (_, index) => windowOf(config, index)),
    };
  });
}

/**
 * Mean over queries of Σ p·(query − key) ÷ Σ p, in tokens, and of 1 − Σ p, which is a sink's share.
 * @param probabilities [T, T], queries by keys
 */
export function describeMap(
  probabilities: ArrayLike<number>,
  time: number,
): Pick<HeadReading, 'distance' | 'sinkShare'> {
  let distance = 0;
  let seen = 0;
  for (let query = 0; query < time; query++) {
    let sum = 0;
    let far = 0;
    for (let key = 0; key <= query; key++) {
      const p = probabilities[query * time + key];
      sum += p;
      far += p * (query - key);
    }
    if (sum > 0) distance += far / sum;
    seen += sum;
  }
  const sinkShare = 1 - seen / time;
  // What is left of a whole by rounding is no sink.
  return { distance: distance / time, sinkShare: sinkShare < 1e-4 ? 0 : sinkShare };
}

/** Tokens that a layer sees, itself included; undefined for all of the context. */
function windowOf(config: Run['experiment']['model'], layer: number): number | undefined {
  const { window, isLocal } = layerAttention(config, layer);
  return isLocal ? window : undefined;
}

/** The first held-out tokens after a line end: a text that the model was not trained on, in its own alphabet. */
function excerptOf({ dataset, corpus }: Pick<Run, 'dataset' | 'corpus'>, length: number): Uint32Array {
  const { validation } = dataset;
  const isEnd = (token: number) => corpus.tokenizer.decode([token]) === '\n';
  const end = validation.subarray(0, validation.length - length).findIndex(isEnd);
  return Uint32Array.from(validation.subarray(end + 1, end + 1 + length));
}
