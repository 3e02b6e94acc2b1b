// Where each of our parameters lies in a model's file: by its family, or under our own names.
import type { ModelConfig } from '../config.ts';
import { parameterSpecs } from '../parameters.ts';
import { familyOf } from './config.ts';
import { type FileLayout, wholePart } from './parts.ts';

/** The prefix of a file's names: the family's usual one, or none. Without names, the usual one. */
export function prefixIn(model: ModelConfig, names?: Iterable<string>): string {
  const prefix = familyOf(model)?.prefix ?? '';
  if (!names) return prefix;
  for (const name of names) if (prefix !== '' && name.startsWith(prefix)) return prefix;
  return '';
}

/** The layout of a model's file whose names have this prefix. */
export function fileLayout(model: ModelConfig, prefix: string): FileLayout {
  const family = familyOf(model);
  if (family) return family.layout(model, prefix);
  const parts = new Map(parameterSpecs(model).map((spec) => [spec.name, [wholePart(spec.name, spec.shape)]]));
  return { parts, zeros: [], embedding: 'tokenEmbedding' };
}
