// Where each of our parameters lies in a model's file: by its family, or under our own names.
import type { ModelConfig } from '../config.ts';
import { parameterSpecs } from '../parameters.ts';
import { familyOf } from './config.ts';
import { type FileLayout, type FileNames, fusedExperts, wholePart } from './parts.ts';

/** How a family names tensors where no file says otherwise. */
export function usualNames(model: ModelConfig, type?: string): FileNames {
  return { prefix: familyOf(model, type)?.prefix ?? '', hasFusedExperts: false };
}

/** How the names of a file differ: its prefix may be missing, and experts may lie in one tensor. */
export function fileNames(model: ModelConfig, names: Iterable<string>, type?: string): FileNames {
  const { prefix } = usualNames(model, type);
  let hasPrefix = false;
  let hasFusedExperts = false;
  for (const name of names) {
    hasPrefix ||= prefix !== '' && name.startsWith(prefix);
    hasFusedExperts ||= fusedExperts.test(name);
  }
  return { prefix: hasPrefix ? prefix : '', hasFusedExperts };
}

/** The layout of a model's file. */
export function fileLayout(model: ModelConfig, names: FileNames, type?: string): FileLayout {
  const family = familyOf(model, type);
  if (family) return family.layout(model, names);
  const parts = new Map(parameterSpecs(model).map((spec) => [spec.name, [wholePart(spec.name, spec.shape)]]));
  return { parts, zeros: [], embedding: 'tokenEmbedding', head: 'head' };
}
