// What kernels say of themselves, for everything that explains a plan: what they are for, and the names of their costs.

/** What a kernel is for in a model's step. */
export type KernelRole =
  | 'product'
  /** Products of the tokens of each expert. */
  | 'expertProduct'
  | 'attention'
  | 'norm'
  /** The norm of each head's queries and keys. */
  | 'headNorm'
  | 'activation'
  | 'position'
  /** Puts the parts of heads side by side, positions included. */
  | 'packing'
  | 'embedding'
  | 'router'
  /** Sums over the routers' choices. */
  | 'statistics'
  /** Gives tokens a place with their experts. */
  | 'placement'
  /** Weights and adds the outputs of experts. */
  | 'combination'
  | 'addition'
  | 'scaling'
  | 'dropout'
  /** Sums the columns of what others wrote: slices of a product, or the gradient of a bias. */
  | 'reduction'
  | 'loss'
  | 'optimizer'
  | 'sampling'
  /** Copies: caches, rows. */
  | 'movement'
  /** In no step: probes, and what looks inside. */
  | 'other';

/** Names of arithmetic beside what closed forms count. */
export type Arithmetic =
  | 'softmax arithmetic'
  | 'attention sinks'
  | 'norm arithmetic'
  | 'rotary positions'
  | 'cache rounding'
  | 'activation arithmetic'
  | 'router arithmetic'
  | 'expert weighting'
  | 'embedding sums'
  | 'bias'
  | 'residual'
  | 'dropout'
  | 'scaling'
  | 'loss arithmetic'
  | 'optimizer arithmetic'
  | 'sampling';

/** Why a kernel launches more operations than the mathematics has. */
export type Waste = 'tile waste' | 'placing tokens' | 'random numbers' | 'second pass';
