// The model card: the run's facts, and nothing that a title could smuggle in.
import { describe, expect, it } from 'vitest';
import { modelCard, modelCardMark } from '../../../src/lab/records/model-card.ts';
import { exampleRecord } from './example-record.ts';

describe('a model card', () => {
  it('says what was trained, on what, and how far', () => {
    const card = modelCard(exampleRecord({ bytesPerToken: { training: 2, validation: 2 } }));
    expect(card).toMatch(/^---\nlibrary_name: transformers\n/);
    expect(card).toContain(modelCardMark);
    expect(card).toContain('A language model of 7,000 parameters');
    expect(card).toMatch(/\| trained \| 20 of 20 steps, 640 tokens/);
    expect(card).toMatch(/\| validation loss \| 2\.50\d* nats per token at step 20, 1\.80 bits per byte \|/);
    expect(card).toMatch(/\| text \| `stories`, 4,000 characters, seed \d+ \(SHA-256 abababababababab…\)/);
    expect(card).toContain('AutoTokenizer.from_pretrained');
  });

  it('of a run without steps has none, and a title stays text', () => {
    const title = '<img src=x onerror=alert(1)>\n# | `x`';
    const card = modelCard(exampleRecord({ title, steps: [], evaluations: [] }));
    expect(card).not.toMatch(/<img/);
    expect(card).toContain('&lt;img src=x onerror=alert(1)\\> \\# \\| \\`x\\`');
    expect(card).not.toContain('| trained |');
  });
});
