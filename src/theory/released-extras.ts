// What some released weights hold besides the language model, as closed forms, so that counts can be checked to the last number.
import { type Architecture, countArchitecture } from './architecture.ts';

/** DeepSeek-V3's module: one more layer, two norms at its input, one at its head, a projection 2C → C; embedding and head again. */
export function multiTokenModule(model: Architecture): number {
  const { width, vocabulary } = model;
  return layerParameters(model) + 3 * width + 2 * width * width + 2 * vocabulary * width;
}

/** Numbers of one further layer of the kind that the last one is. */
function layerParameters(model: Architecture): number {
  const longer = countArchitecture({ ...model, layers: model.layers + 1 });
  return longer.total - countArchitecture(model).total;
}

/**
 * Scales of block-quantised matrices: one for every started block of 128x128 weights of attention and feed-forward layers,
 * `extraLayers` of them beyond the model's own. Routers, embeddings, norms and head are not quantised.
 */
export function blockScales(model: Architecture, extraLayers: number): number {
  const { layers, width, heads, latentAttention: latent, feedForward } = model;
  if (!latent || feedForward.kind !== 'mixture')
    throw new Error('blockScales: DeepSeek-V3 alone is so stored.');
  const { queryRank, decoupledKey, keySize, valueSize } = latent;
  const attention = [
    [queryRank, width],
    [heads * (keySize + decoupledKey), queryRank],
    [latent.latent + decoupledKey, width],
    [heads * (keySize + valueSize), latent.latent],
    [width, heads * valueSize],
  ];
  const perLayer = attention.reduce((sum, [rows, columns]) => sum + blocks(rows, columns), 0);
  const { experts, sharedExperts, hidden, denseLayers, denseHidden } = feedForward;
  const dense = denseLayers * 3 * blocks(denseHidden, width);
  const mixtures = layers + extraLayers - denseLayers;
  return (
    (layers + extraLayers) * perLayer +
    dense +
    mixtures * (experts + sharedExperts) * 3 * blocks(hidden, width)
  );
}

function blocks(rows: number, columns: number): number {
  return Math.ceil(rows / 128) * Math.ceil(columns / 128);
}

/** SigLIP So400m with patches of 14 pixels of an image of 896 (Gemma 3), and the projector to so many channels. */
export function siglipTower(projectedWidth: number): number {
  const sizes = { layers: 27, width: 1152, hidden: 4304, patch: 14, image: 896 };
  const { width } = sizes;
  const tower: Architecture = {
    layers: sizes.layers,
    width,
    heads: 16,
    keyValueHeads: 16,
    headSize: 72,
    context: (sizes.image / sizes.patch) ** 2,
    vocabulary: 3 * sizes.patch ** 2, // a patch is embedded by a matrix, too
    tiedHead: true,
    learnedPositions: true,
    bias: true,
    normsPerLayer: 2,
    queryKeyNorm: 'none',
    feedForward: { kind: 'dense', hidden: sizes.hidden, gated: false },
  };
  const patchBias = width;
  const projector = width * projectedWidth + width; // and the norm before it
  return countArchitecture(tower).total + patchBias + projector;
}

/**
 * Llama 4's tower for images of 336 pixels in patches of 14, the adapter that folds four patches into one, and the projector
 * (vision_config of config.json). Patches, adapter and projector have no biases.
 */
export const llama4Vision: number = (() => {
  const [layers, width, hidden, output, projected] = [34, 1408, 5632, 4096, 5120];
  const positions = (336 / 14) ** 2 + 1; // and the class token
  const layer = 4 * (width + 1) * width + (width + 1) * hidden + (hidden + 1) * width + 2 * 2 * width;
  const embedding = 3 * 14 ** 2 * width + width + positions * width;
  const normsAround = 2 * 2 * width;
  const adapter = 4 * width * output + output * output;
  return layers * layer + embedding + normsAround + adapter + output * projected;
})();
