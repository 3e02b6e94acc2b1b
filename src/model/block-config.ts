// What a configuration says of a block's norms, sums, biases and of the caps around it, and what cannot be.

/**
 * Where the norms stand, with f for attention or the feed-forward part: pre x + f(norm x); post norm(x + f(x)); sandwich
 * x + norm(f(norm x)); branch x + norm(f(x)); hybrid norm(x + f(norm x)); stream norm x + f(norm x), which is post begun one
 * norm earlier: the residual stream itself is normed.
 */
export type NormPlacement = 'pre' | 'post' | 'sandwich' | 'branch' | 'hybrid' | 'stream';

/** Whether a kind of layer has biases: `same` as `bias` says. */
export type BiasSwitch = 'same' | 'on' | 'off';

/** The part of a model's configuration that is about how a block is put together. */
export type BlockConfig = {
  readonly normPlacement: NormPlacement;
  /** Norms multiply by 1 + w instead of w. */
  readonly normOffset: boolean;
  /** x + attention(norm x) + feedForward(norm x) with one norm, instead of one after the other. */
  readonly parallelBlocks: boolean;
  /** Whether the two parts of a parallel block read one norm of x, or each one of its own. */
  readonly parallelNorms: 'shared' | 'own';
  /** Factor on what attention and the feed-forward part add to the residual stream. */
  readonly residualScale: number;
  /** Factor on what enters the first block: 1, or √C. */
  readonly embeddingScale: 'one' | 'sqrtWidth';
  /** A further factor on it. */
  readonly embeddingMultiplier: number;
  readonly qkvBias: BiasSwitch;
  readonly projectionBias: BiasSwitch;
  readonly ffnBias: BiasSwitch;
  readonly normBias: BiasSwitch;
  /** Factor on the logits, before their cap. */
  readonly logitScale: number;
  /** Logits are cap · tanh(logits ÷ cap); 0 leaves them as they are. */
  readonly logitSoftcap: number;
};

/** The settings of the blocks of GPT-2 and Llama, which are the defaults. */
export const plainBlocks: BlockConfig = {
  normPlacement: 'pre',
  normOffset: false,
  parallelBlocks: false,
  parallelNorms: 'shared',
  residualScale: 1,
  embeddingScale: 'one',
  embeddingMultiplier: 1,
  qkvBias: 'same',
  projectionBias: 'same',
  ffnBias: 'same',
  normBias: 'same',
  logitScale: 1,
  logitSoftcap: 0,
};

type Biased = Pick<BlockConfig, 'qkvBias' | 'projectionBias' | 'ffnBias' | 'normBias'> & {
  readonly bias: boolean;
  readonly norm: 'layerNorm' | 'rmsNorm';
  readonly attention: 'heads' | 'latent';
};

/** Which layers have biases. RMSNorm, experts and the projections of latent attention have none. */
export function biasesOf(model: Biased): Record<'qkv' | 'projection' | 'ffn' | 'norm', boolean> {
  const has = (choice: BiasSwitch) => (choice === 'same' ? model.bias : choice === 'on');
  return {
    qkv: model.attention === 'heads' && has(model.qkvBias),
    projection: has(model.projectionBias),
    ffn: has(model.ffnBias),
    norm: model.norm === 'layerNorm' && has(model.normBias),
  };
}

/** Which norms the two parts of a block have: of what comes in (and goes on, too), of the branch before it is added, of the sum. */
export function normsOf({ normPlacement: placement }: Pick<BlockConfig, 'normPlacement'>) {
  return {
    input: placement !== 'post' && placement !== 'branch',
    stream: placement === 'stream',
    branch: placement === 'sandwich' || placement === 'branch',
    sum: placement === 'post' || placement === 'hybrid',
  };
}

/** Norms of one block. */
export function normsPerLayer(
  model: Pick<BlockConfig, 'normPlacement' | 'parallelBlocks' | 'parallelNorms'>,
): number {
  if (model.parallelBlocks) return model.parallelNorms === 'own' ? 2 : 1;
  const { input, branch, sum } = normsOf(model);
  return 2 * ((input ? 1 : 0) + (branch || sum ? 1 : 0));
}

/** Factor on what enters the first block. */
export function embeddingFactor({
  width,
  embeddingScale,
  embeddingMultiplier,
}: Pick<BlockConfig, 'embeddingScale' | 'embeddingMultiplier'> & { readonly width: number }): number {
  return (embeddingScale === 'sqrtWidth' ? Math.sqrt(width) : 1) * embeddingMultiplier;
}

/** Whether a norm follows the last block: not where the block ends with one. */
export function hasFinalNorm(model: Pick<BlockConfig, 'normPlacement'>): boolean {
  return !normsOf(model).sum;
}

/** Says what cannot be: `report` gets the field's path and the rest of a sentence. */
export function checkBlocks(
  { parallelBlocks, normPlacement }: BlockConfig,
  report: (path: string, what: string) => void,
): void {
  if (parallelBlocks && normPlacement !== 'pre') {
    report(
      'model.parallelBlocks',
      `true needs model.normPlacement pre, whose norms both parts have, and it is ${normPlacement}. Use pre, or false.`,
    );
  }
}
