// One dial for the size of a model: more or fewer parameters in the proportions of the family.
import { significant } from '../text/rounding.ts';
import { scoreSize } from './attention-config.ts';
import { type Experiment, type ModelConfig, parseModel, withAutomaticSizes } from './config.ts';
import { countParameters } from './parameters.ts';

/** What the dial offers. */
export const sizeFactors = [0.25, 0.5, 1, 2, 4] as const;

/** Characters of a typical alphabet, where the text decides on the vocabulary. */
const typicalVocabulary = 80;

/** How far the widths that are tried lie around the ideal one, and how close they lie together. */
const widthRange = 1.3;
const widthStep = 1.01;

/**
 * A model with about `factor` times the parameters, in the same proportions: parameters grow as L · C², so depth and
 * width both grow with the cube root. Layers come in whole repeats of the patterns of local and rotary layers (and dense
 * first layers grow with them); of what rounding leaves, the width takes up the difference.
 *
 * The key/value groups keep their ratio, and heads their size as nearly as whole groups allow: a larger model has more
 * heads. Feed-forward, expert and latent sizes and the rotated part of a head follow the width or the head. Numbers of
 * experts, experts per token, context, windows and vocabulary stay: they belong to the routing and to the text.
 * @param factor above 0; 1 returns the model itself
 * @throws if no such size is legal
 */
export function scaleModel(model: ModelConfig, factor: number): ModelConfig {
  if (factor === 1) return model;
  const wanted = factor * parametersOf(model);
  let best: ModelConfig | undefined;
  let least = Number.POSITIVE_INFINITY;
  const layers = scaledLayers(model, Math.cbrt(factor));
  const ideal = Math.sqrt((factor * model.layers) / layers);
  for (let ratio = ideal / widthRange; ratio <= ideal * widthRange; ratio *= widthStep) {
    for (const candidate of modelsOfWidth(model, ratio, layers)) {
      // A head size far from the family's counts against a model as parameters that are off do, and a width that the
      // kernels read in single values instead of fours.
      const miss =
        Math.abs(Math.log(parametersOf(candidate) / wanted)) +
        0.2 * Math.abs(Math.log(candidate.headSize / model.headSize)) +
        (candidate.width % 4 === 0 ? 0 : 0.03);
      if (miss >= least || parseModel(candidate).kind !== 'ok') continue;
      [best, least] = [candidate, miss];
    }
  }
  if (best) return best;
  const { width, heads } = model;
  throw new Error(
    `size: no legal model of ${factor} times ${model.layers} layers of width ${width} with ${heads} heads. Use a factor nearer to 1.`,
  );
}

/** An experiment of the size wanted, as a configuration file has it: what follows from other settings is 0. */
export function scaleExperiment(experiment: Experiment, factor: number): Experiment {
  return withAutomaticSizes({ ...experiment, model: scaleModel(experiment.model, factor) });
}

/** Numbers that are trained, the vocabulary being a typical one where it is the text's. */
function parametersOf(model: ModelConfig): number {
  return countParameters({ ...model, vocabulary: model.vocabulary || typicalVocabulary });
}

/** Layers times `ratio`, in whole repeats of the patterns, with room for the layers that have experts. */
export function scaledLayers(model: ModelConfig, ratio: number): number {
  const { layers, windowPattern, positionPattern, experts, denseLayers, moeInterval } = model;
  const unit = [windowPattern, positionPattern].reduce(
    (whole, pattern) =>
      pattern.length > 1 && layers % pattern.length === 0 ? leastMultiple(whole, pattern.length) : whole,
    1,
  );
  const least = Math.max(windowPattern.length, positionPattern.length, experts > 0 ? moeInterval : 1);
  const most = Math.floor(128 / unit) * unit;
  const scaled = Math.max(unit, Math.round((layers * ratio) / unit) * unit);
  const room = experts > 0 && denseLayers > 0 ? least + 1 : least;
  return Math.min(most, Math.max(scaled, Math.ceil(room / unit) * unit));
}

/** The models of about `ratio` times the width, one for each number of heads that comes near. */
function modelsOfWidth(model: ModelConfig, ratio: number, layers: number): ModelConfig[] {
  const { width, heads, keyValueHeads, headSize } = model;
  const group = heads / keyValueHeads;
  const together = heads * headSize * ratio;
  const unit = headSize % 2 === 0 ? 2 : 1; // rotary positions turn pairs
  const groups = new Set(
    [Math.floor, Math.ceil].map((round) =>
      Math.max(1, round((keyValueHeads * together) / (heads * headSize))),
    ),
  );
  groups.add(keyValueHeads);
  return [...groups].map((newGroups) => {
    const newHeads = newGroups * group;
    const newSize = Math.max(unit, roundTo(together / newHeads, unit));
    const isWhole = heads * headSize === width;
    const newWidth = isWhole ? newHeads * newSize : Math.max(4, roundTo(width * ratio, 4));
    return followWidth(model, {
      layers,
      width: newWidth,
      heads: newHeads,
      keyValueHeads: newGroups,
      headSize: newSize,
    });
  });
}

type Frame = Pick<ModelConfig, 'layers' | 'width' | 'heads' | 'keyValueHeads' | 'headSize'>;

/** The model in another frame: what is proportional to the width, a head or the depth goes along. */
function followWidth(model: ModelConfig, frame: Frame): ModelConfig {
  const wide = frame.width / model.width;
  const head = frame.headSize / model.headSize;
  const deep = frame.layers / model.layers;
  const hidden = inUnits(model.hidden, wide);
  const expertHidden = model.experts > 0 ? inUnits(model.expertHidden, wide) : hidden;
  const scaled = {
    ...model,
    ...frame,
    hidden,
    expertHidden,
    sharedHidden: model.experts > 0 ? inUnits(model.sharedHidden, wide) : expertHidden,
    denseLayers: Math.min(
      Math.max(model.denseLayers > 0 ? 1 : 0, Math.round(model.denseLayers * deep)),
      Math.max(0, frame.layers - model.moeInterval),
    ),
    ...(model.attention === 'latent' ? scaledLatents(model, wide, head) : { valueHeadSize: frame.headSize }),
  };
  if (model.attentionScale === 0) return scaled;
  // A scale of its own is 1 / √(something like a head's size): it moves as that does.
  const scale = model.attentionScale * Math.sqrt(scoreSize(model) / scoreSize(scaled));
  return { ...scaled, attentionScale: significant(scale, 4) };
}

function scaledLatents(model: ModelConfig, wide: number, head: number): Partial<ModelConfig> {
  return {
    latentSize: inUnits(model.latentSize, wide),
    queryLatentSize: inUnits(model.queryLatentSize, wide),
    ropeHeadSize: model.ropeHeadSize === 0 ? 0 : Math.max(2, roundTo(model.ropeHeadSize * head, 2)),
    valueHeadSize: Math.max(1, Math.round(model.valueHeadSize * head)),
  };
}

/** A size times `ratio`, in units of 8 or 4 where it was in such units and they are fine enough; 0 stays. */
function inUnits(size: number, ratio: number): number {
  if (size === 0) return 0;
  const fine = [8, 4].find((one) => size % one === 0 && size * ratio >= 8 * one);
  const unit = fine ?? (size % 2 === 0 ? 2 : 1);
  return Math.max(unit, roundTo(size * ratio, unit));
}

function roundTo(value: number, unit: number): number {
  return Math.round(value / unit) * unit;
}

function leastMultiple(a: number, b: number): number {
  let multiple = a;
  while (multiple % b !== 0) multiple += a;
  return multiple;
}
