// What the words on the page mean, in two sentences each, for a reader who has never heard of them.

/** A word of the field as the page explains it. */
export interface GlossaryEntry {
  /** The word as a heading. */
  readonly name: string;
  readonly meaning: string;
  /** Where the page shows it: a room's or a lesson's address behind `#`. */
  readonly place?: string;
}

/** All words, by the key that an element names; each list is one subject. */
export const glossary = {
  // Text
  token: {
    name: 'Token',
    meaning:
      'A piece of text that the model reads and writes as one: here a character, or a frequent group of bytes. Text becomes a row of token numbers, and every prediction is of the next one.',
    place: 'lessons/first-words',
  },
  vocabulary: {
    name: 'Vocabulary',
    meaning:
      'All tokens that a model knows. At each place it gives every one of them a probability, so a larger vocabulary makes each token cost more and say more.',
  },
  tokenizer: {
    name: 'Tokenizer',
    meaning: 'The rule that cuts text into tokens and joins tokens to text again, without loss.',
  },
  corpus: {
    name: 'Corpus',
    meaning:
      'The text that a model learns from. A part of it is kept back for validation and is never learned.',
  },
  context: {
    name: 'Context',
    meaning:
      'How many tokens a model sees at once. What lies further back is not there for it; the work of attention and its cache grow with it.',
    place: 'costs',
  },
  prompt: {
    name: 'Prompt',
    meaning: 'The text that a model is given to go on from.',
  },
  sample: {
    name: 'Sample',
    meaning:
      'Text that the model writes: it gives each token a probability, one is drawn, and the model is asked again with that one added.',
  },
  temperature: {
    name: 'Temperature',
    meaning:
      'How daring the draw of the next token is. Near 0 the likeliest token always wins; at 1 tokens are drawn as often as the model thinks they occur; above 1 unlikely ones come up more.',
  },
  'top-k': {
    name: 'Top-k',
    meaning: 'Only the k likeliest tokens take part in the draw; 0 lets all of them.',
  },
  seed: {
    name: 'Seed',
    meaning:
      'The number that random numbers start from. The same seed on the same device gives the same weights, batches and text, bit for bit.',
  },
  // Learning
  loss: {
    name: 'Loss',
    meaning:
      'How surprised the model is by the token that really came: minus the natural logarithm of the probability that it had given to it, as a mean over tokens. 0 would be certainty; guessing among V tokens alike costs ln V.',
    place: 'lessons/first-words',
  },
  'exact-match': {
    name: 'Exact match',
    meaning:
      'The share of questions whose answer is right to the last character. It rises long after the loss has begun to fall: a model that nearly knows a sum still writes it wrong.',
  },
  'validation-loss': {
    name: 'Validation loss',
    meaning:
      'The loss on text that was kept back from training. When it rises while the training loss falls, the model learns its text by heart.',
    place: 'runs',
  },
  'bits-per-byte': {
    name: 'Bits per byte',
    meaning:
      'The loss told in bits for each byte of text, so that models with different tokenizers can be compared. It is also how small the model could compress the text.',
  },
  perplexity: {
    name: 'Perplexity',
    meaning: 'e to the power of the loss: among how many equally likely tokens the model seems to choose.',
  },
  step: {
    name: 'Step',
    meaning:
      'One round of learning: predict a batch of tokens, measure the loss, find how each parameter should move, and move all of them a little.',
  },
  batch: {
    name: 'Batch',
    meaning:
      'How many rows of text are learned from in one step. More rows give a steadier direction and keep a device busy, for proportionally more work.',
    place: 'lessons/batches',
  },
  epoch: {
    name: 'Epoch',
    meaning: 'As many tokens as the training text has: once through it.',
  },
  gradient: {
    name: 'Gradient',
    meaning:
      'For every parameter: how the loss would change if it grew a little. Steps go against it. Finding all gradients (backward) takes about twice the work of predicting (forward).',
    place: 'lessons/gradients',
  },
  'gradient-norm': {
    name: 'Gradient norm',
    meaning:
      'The length of all gradients taken as one arrow. Where it exceeds the limit of clipping, the step is shortened; a sudden jump warns of divergence.',
  },
  'learning-rate': {
    name: 'Learning rate',
    meaning:
      'How far a step moves the parameters. Too small learns slowly, too large never settles; it usually warms up, then falls towards the end.',
  },
  optimizer: {
    name: 'Optimizer',
    meaning:
      'The rule that turns gradients into a step. AdamW remembers a mean and a mean square of each gradient (its moments), which costs two numbers of memory for each parameter.',
  },
  'weight-decay': {
    name: 'Weight decay',
    meaning:
      'Each step also shrinks the weights a little, so that only what is needed again and again stays large.',
  },
  dropout: {
    name: 'Dropout',
    meaning:
      'In training a random share of values is set to zero, so that no part can rely on one other alone.',
  },
  evaluation: {
    name: 'Evaluation',
    meaning: 'A pause in training in which the loss of kept-back text is measured and nothing is learned.',
  },
  divergence: {
    name: 'Divergence',
    meaning: 'A run whose loss grows and does not come back, mostly because its learning rate is too high.',
  },
  checkpoint: {
    name: 'Checkpoint',
    meaning:
      'Everything a run needs to go on later as if nothing had been: weights, moments, step, random counters.',
    place: 'runs',
  },
  // Models
  parameter: {
    name: 'Parameter',
    meaning:
      'A number that is learned. Most stand in matrices (weights) that multiply what flows through; predicting a token takes about one multiplication and one addition for each that takes part.',
    place: 'model',
  },
  'active-parameters': {
    name: 'Active parameters',
    meaning:
      'The parameters that take part in one token. In a mixture of experts most of them rest; work follows the active ones, memory all.',
    place: 'model',
  },
  layer: {
    name: 'Layer',
    meaning:
      'One storey of the model: attention, then a feed-forward network, both added to what flows past.',
    place: 'model',
  },
  width: {
    name: 'Width',
    meaning:
      'How many numbers describe a token as it flows through the layers. Parameters grow with its square.',
  },
  embedding: {
    name: 'Embedding',
    meaning:
      'The table that turns a token number into a row of numbers, the first thing that the model does.',
  },
  'language-head': {
    name: 'Output head',
    meaning:
      'The last matrix: it turns what the layers found into a score for every token of the vocabulary.',
  },
  attention: {
    name: 'Attention',
    meaning:
      'How a token looks at those before it: it asks (query), they answer (key), and what they hold (value) is mixed by how well they fit. Its work grows with the square of the context.',
    place: 'inside',
  },
  head: {
    name: 'Head',
    meaning:
      'One of several attentions side by side, each with its own questions. More heads share the same width, so they look in more ways for the same work.',
    place: 'lessons/heads',
  },
  'causal-mask': {
    name: 'Causal mask',
    meaning: 'No token sees later ones. So one pass over T tokens trains T predictions at once.',
    place: 'lessons/causal',
  },
  'feed-forward': {
    name: 'Feed-forward network',
    meaning:
      'Two or three matrices that work on each token by itself. In most models they hold the most parameters.',
  },
  activation: {
    name: 'Activation function',
    meaning:
      'A bend between two matrices: without it they would be no more than one. The word also names the values that flow, which training keeps for the way back.',
  },
  norm: {
    name: 'Norm',
    meaning:
      'Brings the numbers of a token to one size before they are used, so that deep models learn steadily.',
    place: 'lessons/norms',
  },
  residual: {
    name: 'Residual stream',
    meaning: 'What flows past the layers: each adds to it. It lets gradients reach the first layer.',
  },
  rope: {
    name: 'Rotary positions',
    meaning:
      'Queries and keys are turned by an angle that grows with the place, so that attention feels distances.',
    place: 'lessons/positions',
  },
  expert: {
    name: 'Expert',
    meaning:
      'One of many feed-forward networks of which each token takes a few: more parameters for the same work.',
    place: 'lessons/how-many-experts',
  },
  router: {
    name: 'Router',
    meaning:
      'The small matrix that sends each token to its experts. Left alone it likes a few too much; a balance loss or a bias spreads the load.',
    place: 'lessons/router',
  },
  'key-value-cache': {
    name: 'Key-value cache',
    meaning:
      'Keys and values of all tokens so far, kept so that writing one more token does not compute the text again. In long texts it outgrows the weights.',
    place: 'lessons/caches',
  },
  prefill: {
    name: 'Prefill',
    meaning: 'Reading the prompt: all of its tokens at once, which keeps the arithmetic busy.',
    place: 'lessons/conversation',
  },
  decode: {
    name: 'Decode',
    meaning:
      'Writing one token after another. Each needs every weight read once for little arithmetic, so memory sets the pace.',
    place: 'lessons/decode',
  },
  quantisation: {
    name: 'Quantised weights',
    meaning:
      'Weights kept in 8 or 4 bits instead of 32: less to read for each token, at the price of a little loss.',
    place: 'lessons/fourBits',
  },
  // Machines
  flop: {
    name: 'FLOP',
    meaning:
      'A floating-point operation: one addition or one multiplication. A multiply-add counts as two. FLOP/s is how many in a second.',
    place: 'costs',
  },
  'tokens-per-second': {
    name: 'Tokens per second',
    meaning:
      'How many tokens are learned from, or written, in a second. Stated for training unless decoding is named.',
  },
  'fma-peak': {
    name: 'Peak',
    meaning:
      'The most multiply-adds a second that this device gave when it had nothing else to do: measured here, not taken from a data sheet.',
    place: 'kernels',
  },
  bandwidth: {
    name: 'Bandwidth',
    meaning: 'How many bytes a second this device moves from and to its memory, measured by copying.',
    place: 'kernels',
  },
  'model-flops-utilization': {
    name: 'Model flops utilization (MFU)',
    meaning:
      'What the model needs at least for its tokens, over what the device could have done in that time. Whatever it computes again, moves or waits for is not counted in its favour.',
    place: 'kernels',
  },
  kernel: {
    name: 'Kernel',
    meaning: 'A small program that runs on the GPU many times at once, such as a product of two matrices.',
    place: 'kernels',
  },
  dispatch: {
    name: 'Dispatch',
    meaning: 'One start of a kernel. A step is a list of some hundred; each start has a price of its own.',
    place: 'kernels',
  },
  roofline: {
    name: 'Roofline',
    meaning:
      'The quickest that a kernel can be on a device: its arithmetic at the peak, or its bytes at the bandwidth, whichever takes longer.',
    place: 'kernels',
  },
  'arithmetic-intensity': {
    name: 'Arithmetic intensity',
    meaning:
      'Operations for each byte moved. Below the corner of the roofline memory is the limit, above it arithmetic.',
    place: 'kernels',
  },
  limit: {
    name: 'Limit',
    meaning:
      'The time below which a kernel cannot come on this device: the longer of its arithmetic and its bytes.',
    place: 'kernels',
  },
  expectation: {
    name: 'Expectation',
    meaning:
      'What a kernel should really take on this device, learned from a few measured shapes. Predictions sum these.',
    place: 'validation',
  },
  calibration: {
    name: 'Calibration',
    meaning: 'Measuring this device once: peak, bandwidth, and how far each kernel stays below them.',
    place: 'kernels',
  },
  memory: {
    name: 'Device memory',
    meaning:
      'Training keeps weights, their gradients, the optimizer’s moments, and the activations that the way back needs. The sum is known before anything runs.',
    place: 'costs',
  },
  readback: {
    name: 'Readback',
    meaning:
      'Waiting for results to come from the device to the page. Losses are read late, so that training need not wait.',
  },
  // Laws
  'scaling-law': {
    name: 'Scaling law',
    meaning:
      'How the loss falls as parameters and tokens grow: by a power of each, towards a floor that the text sets.',
    place: 'lessons/law-breaks',
  },
  'compute-optimal': {
    name: 'Compute-optimal',
    meaning:
      'For one amount of arithmetic, the size of model and text with the least loss: about 20 tokens for each parameter by the published rule.',
    place: 'lessons/too-much-model',
  },
} as const satisfies Record<string, GlossaryEntry>;

/** A key of the glossary. */
export type Term = keyof typeof glossary;

/** The entries that a search finds, by name; all of them for an empty one. Case and order of words do not matter. */
export function findWords(search: string): readonly GlossaryEntry[] {
  const wanted = search.toLowerCase().split(/\s+/).filter(Boolean);
  const entries: GlossaryEntry[] = Object.values(glossary);
  return entries
    .filter(({ name, meaning }) => wanted.every((word) => `${name} ${meaning}`.toLowerCase().includes(word)))
    .sort((left, right) => left.name.localeCompare(right.name, 'en'));
}
