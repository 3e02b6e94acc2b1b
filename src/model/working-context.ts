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

/** A part of the weights as such a model has it, from element `first` on; undefined where it lies past the context. */
export function partAtContext<
  Part extends { readonly name: string; readonly first: number; readonly values: Float32Array },
>(
  { context, width, position }: Pick<ModelConfig, 'context' | 'width' | 'position'>,
  part: Part,
): Part | undefined {
  if (position !== 'learned' || part.name !== 'positionEmbedding') return part;
  const left = context * width - part.first;
  return left > 0 ? { ...part, values: part.values.subarray(0, left) } : undefined;
}
