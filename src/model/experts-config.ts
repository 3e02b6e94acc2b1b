// What a configuration says of experts: which layers have them, sizes that follow from others, and what cannot be.
import { significant } from '../text/rounding.ts';

/** The part of a model's configuration that is about experts; all of it means something only if `experts` is not 0. */
export type ExpertsConfig = {
  /** E; 0 for dense layers only. */
  readonly experts: number;
  /** K */
  readonly expertsPerToken: number;
  /** Channels inside an expert. */
  readonly expertHidden: number;
  /** Experts that every token takes. */
  readonly sharedExperts: number;
  /** Channels inside a shared expert. */
  readonly sharedHidden: number;
  /** Layers before the first that may have experts. */
  readonly denseLayers: number;
  /** Every n-th layer after those has experts. */
  readonly moeInterval: number;
  readonly routerScore: 'softmax' | 'sigmoid';
  /** The weights of a token's experts sum to `routerScale`. */
  readonly renormalize: boolean;
  readonly routerScale: number;
  /** α of α · E · Σ f·P. */
  readonly balanceLoss: number;
  readonly routerZLoss: number;
  /** Deviation of the noise on the router's logits while training. */
  readonly routerNoise: number;
  /** Step of the biases that balance without a loss; 0 has no biases. */
  readonly routerBiasRate: number;
  /** Tokens of an expert at most, in fair shares, while training; 0 drops none. */
  readonly capacityFactor: number;
};

type Layered = Pick<ExpertsConfig, 'experts' | 'denseLayers' | 'moeInterval'>;

/** Whether layer `layer`, counted from 0, has experts. */
export function hasExperts({ experts, denseLayers, moeInterval }: Layered, layer: number): boolean {
  return experts > 0 && layer >= denseLayers && (layer - denseLayers + 1) % moeInterval === 0;
}

/** The layers that have experts, in order. */
export function expertLayers(model: Layered & { readonly layers: number }): number[] {
  return Array.from({ length: model.layers }, (_, layer) => layer).filter((layer) =>
    hasExperts(model, layer),
  );
}

/** Sizes that are 0, derived: experts as wide inside as the dense layer, shared ones as the others. */
export function expertSizes(
  model: Pick<ExpertsConfig, 'expertHidden' | 'sharedHidden'>,
  hidden: number,
): Pick<ExpertsConfig, 'expertHidden' | 'sharedHidden'> {
  const expertHidden = model.expertHidden || hidden;
  return { expertHidden, sharedHidden: model.sharedHidden || expertHidden };
}

/** Says what cannot be: `report` gets the field's path and the rest of a sentence. */
export function checkExperts(
  model: ExpertsConfig & { readonly layers: number },
  report: (path: string, what: string) => void,
): void {
  const { experts, expertsPerToken, layers, denseLayers, moeInterval, routerScore, routerZLoss } = model;
  if (experts === 0) return;
  if (expertsPerToken > experts) {
    report(
      'model.expertsPerToken',
      `${expertsPerToken} is more than model.experts ${experts}: a token takes an expert once. Use at most ${experts}.`,
    );
  }
  if (denseLayers >= layers) {
    report(
      'model.denseLayers',
      `${denseLayers} leaves no layer of model.layers ${layers} for the experts. Use less, or model.experts 0.`,
    );
  } else if (denseLayers + moeInterval > layers) {
    const left = layers - denseLayers;
    report(
      'model.moeInterval',
      `${moeInterval} is more than the ${left} layers after the dense ones, so that none has experts. Use at most ${left}.`,
    );
  }
  if (routerZLoss > 0 && routerScore === 'sigmoid') {
    report(
      'model.routerZLoss',
      `${routerZLoss} needs model.routerScore softmax, which it keeps small. Use 0.`,
    );
  }
}

/** Says so if an expert would take less than one of the tokens of a micro-batch. */
export function checkExpertCapacity(
  model: ExpertsConfig,
  tokens: number,
  report: (path: string, what: string) => void,
): void {
  const { experts, expertsPerToken, capacityFactor } = model;
  const share = (capacityFactor * tokens * expertsPerToken) / Math.max(1, experts);
  if (experts === 0 || capacityFactor === 0 || share >= 1) return;
  const least = significant((experts / (tokens * expertsPerToken)) * 1.001, 3);
  report(
    'model.capacityFactor',
    `${capacityFactor} gives an expert ${significant(share, 3)} of a micro-batch's ${tokens} tokens, less than one. ` +
      `Use ${least} or more, or 0 for no limit.`,
  );
}
