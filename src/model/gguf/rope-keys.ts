// Rotary positions of a GGUF file as config.json says them: bases and methods are keys, factors of each frequency are tensors.
import { refuseGguf } from '../../data/gguf/fault.ts';
import { quoteName } from '../../data/strict-json.ts';
import type { Plain } from '../huggingface/family.ts';
import { derivedAmplitude } from '../rotation.ts';
import type { MetadataReader } from './metadata.ts';

/** What frequencies are divided by, one a pair of channels: Llama 3's, and LongRoPE's two lists. */
export interface FrequencyFactors {
  readonly all?: readonly number[];
  readonly short?: readonly number[];
  readonly long?: readonly number[];
}

/** `rope_theta` and `rope_scaling`. */
export function ropeKeys(
  reader: MetadataReader,
  {
    context,
    headSize,
    factors,
  }: { readonly context: number; readonly headSize: number; readonly factors: FrequencyFactors },
): Plain {
  const base = reader.number('rope.freq_base');
  const turned = reader.size('rope.dimension_count') ?? headSize;
  const isPartly = ['gptneox', 'phi3'].includes(reader.architecture);
  if (turned !== headSize && !isPartly)
    refuseGguf(
      `${reader.name('rope.dimension_count')} is ${turned} of a head of ${headSize}`,
      'Whole heads turn here.',
    );
  return {
    ...(base === undefined ? {} : { rope_theta: base }),
    rope_scaling: scaling(reader, context, factors),
  };
}

function scaling(reader: MetadataReader, context: number, factors: FrequencyFactors): Plain | null {
  const kind = reader.value('rope.scaling.type') ?? 'none';
  const factor = reader.number('rope.scaling.factor');
  const original = reader.size('rope.scaling.original_context_length');
  const amplitude = reader.number('rope.scaling.attn_factor');
  const within = original === undefined ? {} : { original_max_position_embeddings: original };
  const { all, short, long } = factors;
  if (short && long) {
    const stretch = Math.max(1, context / (original ?? context));
    const derived = derivedAmplitude('longrope', stretch, original ?? context);
    const isDerived = amplitude === undefined || Math.abs(amplitude - derived) < 1e-5 * derived;
    const own = isDerived ? {} : { attention_factor: amplitude };
    return { rope_type: 'longrope', short_factor: short, long_factor: long, ...within, ...own };
  }
  if (amplitude !== undefined && amplitude !== 1)
    refuseGguf(
      `${reader.name('rope.scaling.attn_factor')} is ${amplitude}`,
      'It is computed with LongRoPE only.',
    );
  // Any list of factors is LongRoPE that leaves the amplitude as it is and has one list for all lengths.
  if (all)
    return { rope_type: 'longrope', factor: 1, short_factor: all, long_factor: all, attention_factor: 1 };
  switch (kind) {
    case 'none':
      return null;
    case 'linear':
      return { rope_type: 'linear', factor: factor ?? 1 };
    case 'yarn':
      return {
        rope_type: 'yarn',
        factor: factor ?? 1,
        ...within,
        beta_fast: reader.number('rope.scaling.yarn_beta_fast') ?? 32,
        beta_slow: reader.number('rope.scaling.yarn_beta_slow') ?? 1,
      };
    default:
      return refuseGguf(
        `${reader.name('rope.scaling.type')} ${quoteName(String(kind))} is not computed here`,
        'Known: none, linear, yarn, and factors in tensors.',
      );
  }
}
