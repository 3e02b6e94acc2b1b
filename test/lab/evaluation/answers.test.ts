// Exact match: which lines ask something, which answers are right, and that a model is asked line by line.
import { describe, expect, it } from 'vitest';
import { type ChatMessage, chatTokens } from '../../../src/data/chat-text.ts';
import { generateCorpus } from '../../../src/data/corpora.ts';
import { useEncoderThreads } from '../../../src/data/tokenizers/asked-thread.ts';
import { trainCharacterTokenizer } from '../../../src/data/tokenizers/characters.ts';
import { withSpecialTokens } from '../../../src/data/tokenizers/special-tokens.ts';
import {
  answeredTurns,
  evaluateAnswers,
  evaluateTurns,
  linesIn,
  readAnsweredLines,
  scoreAnswers,
  turnsIn,
} from '../../../src/lab/evaluation/answers.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { inThisThread } from '../../data/tokenizers/in-this-thread.ts';
import { tinyModel } from './tiny-model.ts';

useEncoderThreads(inThisThread);

describe('lines with an answer', () => {
  it('are those of the corpora, with what they ask', () => {
    const text = '37+48=85\n9-12=-3\n\ncopy wqk|wqk\nfind k3 a7 k|3\nno answer\nq?|x\n';
    expect(readAnsweredLines(text, 9)).toEqual([
      { question: '37+48=', answer: '85', kind: '+' },
      { question: '9-12=', answer: '-3', kind: '-' },
      { question: 'copy wqk|', answer: 'wqk', kind: 'copy' },
      { question: 'find k3 a7 k|', answer: '3', kind: 'find' },
      { question: 'q?|', answer: 'x', kind: 'q' },
    ]);
    expect(readAnsweredLines(text, 2)).toHaveLength(2);
    expect(() => readAnsweredLines('nothing here', 9)).toThrow(/no lines such as "37\+48=85"/);
  });

  it.each(['arithmetic', 'copyRecall'] as const)('are all lines of %s', (name) => {
    const text = generateCorpus(name, 3, 2000);
    expect(readAnsweredLines(text, 1e6)).toHaveLength(text.trim().split('\n').length);
  });
});

describe('answers', () => {
  const lines = readAnsweredLines('1+1=2\n2+2=4\ncopy a|a\n', 9);

  it('are right when they are the same to the end', () => {
    const score = scoreAnswers(lines, ['2', '44', 'a']);
    expect(score.exactMatch).toBeCloseTo(2 / 3, 12);
    expect(score).toMatchObject({
      correct: 2,
      questions: 3,
      kinds: { '+': { correct: 1, questions: 2 }, copy: { correct: 1, questions: 1 } },
      wrong: [{ question: '2+2=', answer: '4', written: '44' }],
    });
  });

  it('are found where they stand whole in another text, however long it is', () => {
    const tokenizer = trainCharacterTokenizer('0123456789+-*=copy a|\n');
    const twice = [...lines, ...lines];
    const text = `11+1=2\n${'9+9=18\n'.repeat(20_000)}2+2=4\n1+1=22\ncopy a|a`;
    const found = linesIn(tokenizer.encode(text), tokenizer, twice);
    expect(twice.map((line) => found.has(line))).toEqual([false, true, true, false, true, true]);
  });

  it('are asked of a model, each up to its line end, and reported', async () => {
    const tokenizer = trainCharacterTokenizer('0123456789+-*=copy a|\n');
    const files = await tinyModel(tokenizer);
    const seen: number[] = [];
    const score = await evaluateAnswers(cpuEngine(), files, tokenizer, lines, (part) => seen.push(part));
    expect(score.questions).toBe(3);
    expect(score.correct + score.wrong.length).toBe(3);
    for (const { written } of score.wrong) expect(written).not.toContain('\n');
    expect(seen.at(-1)).toBeCloseTo(1, 12);
  });
});

describe('turns of conversations', () => {
  const user = (content: string): ChatMessage => ({ role: 'user', content });
  const assistant = (content: string): ChatMessage => ({ role: 'assistant', content });
  const conversations = [
    [user('Spell a.'), assistant('a'), user('What now?'), assistant('b')],
    [{ role: 'system', content: 's' } as const, user('1?'), assistant('c')],
  ];

  it('are asked after all that was said before them, and told apart by their first word', () => {
    const turns = answeredTurns(conversations, 9);
    expect(turns.map(({ question, answer, kind }) => [question, answer, kind])).toEqual([
      ['Spell a.', 'a', 'Spell'],
      ['What now?', 'b', 'What'],
      ['1?', 'c', 'other'],
    ]);
    expect(turns[1]?.messages).toEqual(conversations[0].slice(0, 3));
    expect(answeredTurns(conversations, 2)).toHaveLength(2);
    const many = [...'abcdefghijklmnopq'].map((word) => [user(word), assistant('x')]);
    expect(answeredTurns(many, 99)[0]?.kind).toBe('answers');
  });

  it('are known where the same words were answered so', () => {
    const turns = answeredTurns(conversations, 9);
    const others = [
      [user('Spell a.'), assistant('a'), user('What now?'), assistant('other')],
      [user('1?'), assistant('c')],
    ];
    expect(turns.map((turn) => turnsIn(others, turns).has(turn))).toEqual([true, false, false]);
  });

  it('are answered up to the token that ends them', async () => {
    const tokenizer = withSpecialTokens(trainCharacterTokenizer('abc Spell.What now?1s'), chatTokens);
    const files = await tinyModel(tokenizer);
    const turns = answeredTurns(conversations, 9);
    const score = await evaluateTurns(cpuEngine(), files, tokenizer, turns);
    expect([score.questions, score.correct + score.wrong.length]).toEqual([3, 3]);
    for (const { written } of score.wrong) expect(written).not.toContain('<|end|>');
    await expect(evaluateTurns(cpuEngine(), files, trainCharacterTokenizer('ab'), turns)).rejects.toThrow(
      /has no chat template/,
    );
  });
});
