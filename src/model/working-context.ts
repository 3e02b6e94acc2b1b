// A model for shorter texts than it could see: its plans are sized by what is asked of them, not by its longest context.
import type { ModelConfig } from './config.ts';
import { originalContext } from './rotation.ts';

/** The same model for texts of at most `context` tokens, on which it computes the same. */
export function atContext(model: ModelConfig, context: number): ModelConfig {
  if (context >= model.context) return model;
  // What stretched rotations refer to is no longer the context.
  const ropeOriginalContext = model.ropeScaling === 'none' ? 0 : originalContext(model);
  return { ...model, context, ropeOriginalContext };
}

/** Its weights: learned positions past the context are left out. */
export function weightsAtContext(
  { context, width, position }: Pick<ModelConfig, 'context' | 'width' | 'position'>,
  weights: ReadonlyMap<string, Float32Array>,
): ReadonlyMap<string, Float32Array> {
  const table = weights.get('positionEmbedding');
  if (position !== 'learned' || !table) return weights;
  return new Map([...weights, ['positionEmbedding', table.subarray(0, context * width)]]);
}
